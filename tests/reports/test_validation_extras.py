"""Longer studies of the validation report, with tiny networks."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from reports.dynamics_figure import Attractor, draw_chaos
from reports.dynamics_section import describe_chaos
from reports.extra_studies import STUDIES, Chaos, Cold, Stability, Studies
from reports.published_simulation import ColdValue, cold_values, published_table
from reports.store import write_dataset, write_figure
from reports.validation_extras import Extras, compute_extras
from validation.sampling import Tempering

SHORT = Tempering(draws=20, warmup=20)
TINY = Studies(
    cold=(
        Cold(0.0, (8, 12, 16), 3, SHORT, (0.05, 0.1), 901),
        Cold(0.5, (8, 12, 20), 3, SHORT, (0.05, 0.1), 902),
    ),
    chaos=(
        Chaos(1.2, (10, 15, 20), 3, 20.0, 10.0, 911, chains=2),
        Chaos(6.0, (60, 80, 120), 2, 40.0, 10.0, 912, step=0.05, chains=4),
    ),
    stability=(Stability(0.0, (40, 50, 60), 3, 921), Stability(0.5, (40, 60, 80), 4, 922)),
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def extras(kept):
    return compute_extras(TINY, seed=2, directory=kept)


@pytest.fixture(scope="module")
def written(extras, tmp_path_factory):
    directory = tmp_path_factory.mktemp("extras")
    for name, (figure, data) in extras.figures().items():
        write_figure(figure, directory / name)
        write_dataset(data, directory / f"{name}.nc")
    return directory, extras.sections(directory)


def test_every_study_is_shown_with_its_seed_and_figure(written):
    _, sections = written
    assert [heading.split(":")[0] for heading in sections] == [
        "Published values", "Original dynamics", "Original dynamics",
    ]  # fmt: skip
    html = "".join(sections.values())
    for seed in (2901, 2902, 2911, 2912, 2921, 2922):
        assert str(seed) in html
    for name in ("published", "chaos", "stability"):
        assert f'<figure id="{name}">' in html
    assert "is an assumption" in html


def test_data_of_the_figures(extras, written):
    directory, _ = written
    with xr.open_dataset(directory / "published.nc") as data:
        assert data.published_value.sel(gamma=0.5).values == pytest.approx(
            [0.071, (0.046 / 0.071) ** 2]
        )
        assert np.isnan(data["mean"].sel(gamma=0.0, size=20)).all()
        assert data.seed.values.tolist() == [2901, 2902]
    with xr.open_dataset(directory / "chaos.nc") as data:
        assert data.g.values.tolist() == [1.2, 6.0]
        assert data.mean_field.sel(g=1.2, quantity="x_squared") == pytest.approx(0.242629, abs=1e-6)
        assert ((data.mean_field_error > 0) & (data.mean_field_error < 1e-10)).all()
        assert data.limit_verdict.sel(g=1.2).values.tolist() == [""] * 4
        own = extras.chaos[1].limits
        assert data.limit_simulation.sel(g=6.0).values.tolist() == own.simulation.values.tolist()
    with xr.open_dataset(directory / "stability.nc") as data:
        assert data.limit_theory.values == pytest.approx([1, 2 / 3])
        assert data.crossing.sel(gamma=0.0, size=50).count() == 3


def test_studies_go_on_where_they_were(kept, extras, monkeypatch):
    def fail(*_arguments, **_options):
        raise AssertionError

    for name in ("cold.temper_network", "chaos.network_chaos", "quiescence.quiescent_crossing"):
        monkeypatch.setattr(f"validation.{name}", fail)
    counted = []

    def progress(name):
        return lambda done, total: counted.append((name, done, total))

    again = compute_extras(TINY, seed=2, directory=kept, progress=progress)
    for before, after in zip(extras.tempered, again.tempered, strict=True):
        xr.testing.assert_identical(before, after)
    for before, after in zip(extras.stability, again.stability, strict=True):
        xr.testing.assert_identical(before.limits, after.limits)
    assert [done == total for name, done, total in counted if name == "dynamics, g = 6"] == [
        *[False] * 5, True,
    ]  # fmt: skip
    assert again.problems() == extras.problems()


def test_a_study_that_fails_is_a_problem_and_the_others_are_shown():
    # below the onset there is no chaotic state to compare with
    studies = Studies((), (Chaos(0.5, (5, 10), 2, 20.0, 5.0, 911),), TINY.stability[:1])
    found = compute_extras(studies)
    assert not found.chaos
    assert len(found.stability) == 1
    assert "there is no chaotic state at g = 0.5" in found.problems()[0]


def test_seeds_are_those_of_no_point():
    numbers = [study.number for part in vars(STUDIES).values() for study in part]
    assert len(set(numbers)) == len(numbers)
    # points of the report are numbered from 1, and another seed of the report adds 1000
    assert 900 < min(numbers) < max(numbers) < 1000


def test_published_value_is_judged_by_the_simulation():
    agreeing = ColdValue(0.5, 1e-4, 0.316, 0.316, 0.071, 0.0005, degrees=21)
    near = ColdValue(0.5, 1e-4, 0.316, 0.316, 0.316, 0.002, degrees=21)
    stuck = ColdValue(0.5, 1e-4, 0.316, 0.316, 0.316, 0.002, degrees=21, mixed=False)
    small = ColdValue(0.5, 1e-4, 0.316, 0.316, 0.316, 0.002, degrees=21, extrapolated=False)
    far = ColdValue(0.5, 0.1, 0.8, 0.316, 0.316, 0.002, degrees=21)
    no_order = ColdValue(0.5, 1e-4, 0.0, 0.0, 0.0, 0.0001, degrees=21, name="(Q/q)²")
    for value, verdict in (
        (agreeing, "confirmed"),
        (near, "refuted"),
        (stuck, "undecided"),
        (small, "undecided"),
        (far, "undecided"),
        (no_order, "refuted"),
    ):
        assert f"<td>{verdict}</td>" in published_table([value])
    assert "simulation - published = 0.245" in published_table([near])
    assert "<td>q</td>" not in published_table([ColdValue(0.3, 1e-4, 0.3, 0.3, 0.3, 0.1, 21)])


def test_overlaps_that_do_not_fall_as_one_over_size_have_no_limit(extras):
    line = extras.tempered[0].copy(deep=True)
    line["size"] = np.array([100, 400, 1600])
    scatter = np.array([0.99, 1.0, 1.01])
    for power, reached in ((1.0, True), (0.35, False)):
        fall = line["size"].values[:, None] ** -power * scatter
        q = line.value.sel(quantity="q").values
        line["overlap_squared"] = (line.overlap_squared.dims, fall * q**2)
        _, ratio = cold_values(line, xr.Dataset({"q": 0.17, "Q": 0.0}))
        assert ratio.extrapolated is reached
        assert ratio.published == pytest.approx(((0.07 / 0.12) ** 2, 0.0338), rel=1e-2)


def test_dynamics_section_says_what_is_undecided(extras, written):
    directory, sections = written
    weak, strong = extras.chaos
    assert weak.limits is None
    assert strong.limits is not None
    html = sections["Original dynamics: chaos"]
    assert "g = 1.2: whether networks are chaotic is undecided at these sizes" in html
    assert "g = 6: networks of" in html
    assert "dynamics at g = 1.2: undecided whether it is chaotic" in extras.problems()
    alone = Attractor(strong.chaos)
    assert "mean field, N" not in describe_chaos(directory, [alone])
    assert len(draw_chaos([alone, weak]).axes) == 6


def test_nothing_is_shown_of_nothing(tmp_path):
    assert Extras().figures() == Extras().sections(tmp_path) == {}
    assert not Extras().problems()
