"""The validation report, with tiny networks: files, words, and going on after an interruption."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from reports.cli import main
from reports.comparison import split
from reports.dynamics_figure import Attractor
from reports.validation import compute, kept_networks, make_report
from reports.validation_extras import Extras
from reports.validation_figures import choose, normal_scores
from reports.validation_lines import theory_lines
from reports.validation_points import FULL, QUICK, Effort, Point, points_of, standard_points
from theory import RandomNetwork
from theory.codegen.cache import cache_path
from theory.expressions import ModelError
from validation.sampling import Sampling
from validation.simulate import simulate_network

TINY = Effort(size=(8, 12, 16), networks=3, sampling=Sampling(chains=4, draws=20, warmup=20))
NETWORK = RandomNetwork()
POINTS = [
    Point(NETWORK, 0.5, 0.2, 0.2, 1),
    Point(NETWORK, 0.5, 0.2, 0.4, 2),
    Point(NETWORK, 0.8, 0.2, 0.4, 3),
]
FIGURES = ("temperature", "coupling", "scores", "sizes", "distributions", "chaos")


@pytest.fixture(scope="module")
def chaos():
    size, rng = [50, 100], np.random.default_rng(0)
    measured = {
        name: (("size", "network"), rng.normal(0.02, 0.01, (2, 4)))
        for name in ("exponent", "x_squared", "transfer_squared", "x_dot_squared")
    }
    dataset = xr.Dataset(measured, {"size": size, "network": range(4), "chain": range(2)})
    for name in measured:
        dataset[f"{name}_mean"] = dataset[name].mean("network")
        dataset[f"{name}_mean_error"] = dataset[name].std("network") / 2
    dataset["chaotic_fraction"] = ("size", [0.25, 0.5])
    dataset["verdict"] = ("size", np.array(["undecided at this size"] * 2, dtype=object))
    dataset.attrs = {"g": 1.2, "gamma": 0.0, "duration": 100.0, "transient": 10.0, "seed": 3}
    return dataset


@pytest.fixture(scope="module")
def report(tmp_path_factory, chaos):
    directory = tmp_path_factory.mktemp("validation")
    extras = Extras(chaos=[Attractor(chaos, {"exponent": 0.012})])
    problems = make_report(POINTS, directory, effort=TINY, extras=extras)
    return directory, problems


def test_files(report):
    directory, _ = report
    expected = {f"{name}.{suffix}" for name in FIGURES for suffix in ("nc", "png", "svg")}
    found = {path.name for path in directory.iterdir()}
    assert found == expected | {"index.html", "validation.nc"}


def test_page_has_every_comparison(report):
    directory, problems = report
    page = (directory / "index.html").read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="https?:', page)
    with xr.open_dataset(directory / "validation.nc") as checked:
        assert checked.sizes["point"] == len(POINTS)
        assert checked.seed.values.tolist() == [1, 2, 3]
        assert checked.g.values.tolist() == [0.5, 0.5, 0.8]
        record = json.loads(checked.attrs["provenance"])
        assert [point["settings"]["seed"] for point in record["points"]] == [1, 2, 3]
        for theory in checked.theory.values.ravel():
            assert f"<td>{theory:.6g}</td>" in page
        verdicts = checked.verdict.values.ravel().tolist()
    numbers = page[page.index('id="numbers"') : page.index('id="mixing"')]
    for verdict in ("confirmed", "refuted", "undecided"):
        assert numbers.count(f"<td>{verdict}</td>") == verdicts.count(verdict)
        assert f"{verdicts.count(verdict)} {verdict}" in page
    assert len(problems) == len(verdicts) - verdicts.count("confirmed") + 1
    for words in ("Original dynamics: chaos", "undecided at these sizes", "R-hat"):
        assert words in page


def test_command_reports_the_points_of_a_given_model(tmp_path, monkeypatch):
    asked, shown = [], []

    def reported(points, _directory, *, extras, **_options):
        asked.append(points)
        shown.append(extras)
        return ["q is undecided"]

    monkeypatch.setattr("reports.validation_points.QUICK", TINY)
    monkeypatch.setattr("reports.validation.make_report", reported)
    monkeypatch.setattr("reports.validation_extras.compute_extras", lambda **_: "longer studies")
    given = ["--transfer", "tanh(x)"]
    for arguments in (["--quick"], ["--quick", "--transfer", "atan(x)"], ["--quick", *given],
                      given, []):  # fmt: skip
        output = ["--overwrite", "--output", str(tmp_path / "report")]
        with pytest.raises(SystemExit) as caught:
            main(["report", "validation", *arguments, *output])
        assert caught.value.code == 1
    assert shown == [None, None, None, None, "longer studies"]
    assert asked[0] == standard_points(quick=True)
    assert asked[1] == points_of(RandomNetwork(transfer="atan(x)"), quick=True)
    assert asked[2] == points_of(RandomNetwork(), quick=True)


def test_interrupted_report_goes_on_with_identical_results(monkeypatch):
    straight, _ = compute(POINTS[:2], TINY)
    done = []

    def stop(_name):
        def advance(count, _total):
            done.append(count)
            if len(done) == 12:
                raise KeyboardInterrupt

        return advance

    def interrupted():
        with kept_networks(POINTS[:2], TINY, 0) as kept:
            compute(POINTS[:2], TINY, directory=kept, progress=stop)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    simulated = []

    def counted(*arguments):
        simulated.append(arguments)
        return simulate_network(*arguments)

    monkeypatch.setattr("validation.equilibrium.simulate_network", counted)
    with kept_networks(POINTS[:2], TINY, 0) as kept:
        resumed, _ = compute(POINTS[:2], TINY, directory=kept)
    assert len(simulated) <= sum(TINY.counts(0.2).values()) * 2 - 12
    xr.testing.assert_identical(resumed, straight)
    assert not kept.exists()


def test_imprecise_points_get_more_networks():
    cold = Point(NETWORK, 0.5, 0.2, 0.05, 4)
    effort = replace(TINY, precision=0.05, most_networks=12, cold_size=(8, 12, 16, 20))
    checked, _ = compute([POINTS[0], cold], effort)
    plain, more = split(checked)
    assert [plain.sizes["size"], more.sizes["size"]] == [3, 4]
    assert plain.sizes["network"] > 3
    assert plain.r_hat.count("network").values.tolist() == [24, 16, 12]
    # what the 24 + 16 + 12 networks tell of their scatter, and not more
    assert (plain.degrees > 12 - 1).all()
    assert (plain.degrees < 24 + 16 + 12 - 3).all()
    relative = plain.standard_error / plain.simulation
    assert plain.sizes["network"] == 24 or float(relative.sel(quantity="q")) < 0.05
    # the first networks are those of the report that asks for no more
    few, _ = compute(POINTS[:1], TINY)
    np.testing.assert_array_equal(plain.r_hat[:, :3], few.r_hat[0, :, :3])


def test_nothing_is_left_if_nothing_was_simulated():
    used = []

    def failing():
        with kept_networks(POINTS, TINY, 5) as kept:
            used.append(kept)
            raise ModelError("no")

    with pytest.raises(ModelError):
        failing()
    assert used[0].is_relative_to(cache_path())
    assert not used[0].exists()


def test_a_point_that_cannot_be_simulated_is_listed():
    broken = Point(RandomNetwork(transfer="Heaviside(x)"), 0.5, 0.0, 0.3, 9)
    checked, problems = compute([broken, POINTS[0]], TINY)
    assert checked.sizes["point"] == 1
    assert len(problems) == 1
    assert "Heaviside(x), g = 0.5" in problems[0]
    with pytest.raises(ModelError, match="no point could be simulated"):
        compute([broken], TINY)


def test_points_cover_what_they_should():
    points = standard_points()
    assert len({point.number for point in points}) == len(points) >= 24
    assert min(point.temperature for point in points) >= 0.03
    tanh = [point for point in points if point.network == NETWORK]
    assert {point.gamma for point in tanh} >= {-0.2, 0, 0.2, 0.5, 0.8}
    for gamma in (0, 0.2, 0.5, 0.8):
        reach = [point.g * (1 + gamma) for point in tanh if point.gamma == gamma]
        assert min(reach) < 1 < max(reach)
    for name in ("mean", "field_std", "confinement"):
        assert any(getattr(point.network, name) for point in points)
    assert set(standard_points(quick=True)) < set(points)
    assert len(FULL.size) >= 3
    assert len(QUICK.size) >= 3


def test_lines_of_the_theory_pass_through_the_points():
    lines = theory_lines(POINTS, "temperature")
    assert lines.g.values.tolist() == [0.5]
    assert lines.model.values.tolist() == ["tanh(x)"]
    assert float(lines.temperature.min()) < 0.2 < 0.4 < float(lines.temperature.max())
    assert not theory_lines(POINTS[:1], "g")


def test_refuted_points_are_shown_first_and_scores_are_normal():
    verdict = [["confirmed"]] * 6 + [["refuted"], ["undecided"]]
    temperature = ("point", [0.1, 0.1, 0.03, *[0.1] * 5])
    data = xr.Dataset(
        {"verdict": (("point", "quantity"), verdict)},
        {"quantity": ["q"], "temperature": temperature},
    )
    assert choose(data, 2).tolist() == [6, 7]
    assert choose(data, 4).tolist() == [0, 2, 6, 7]  # the coldest next
    sample = np.random.default_rng(1).standard_t(4, size=4000)
    assert np.std(normal_scores(sample, np.full(4000, 4))) == pytest.approx(1, abs=0.05)


def test_progress_of_several_points_ends_with_all_the_work():
    seen = []
    counts = {8: 4, 16: 2}
    effort = replace(TINY, size=tuple(counts), networks=2)
    compute(POINTS[:2], effort, progress=lambda _: lambda *numbers: seen.append(numbers))
    assert effort.counts(0.2) == counts
    # one network of 16 units is as much work as four of 8
    point = [256, 512, 576, 640, 704, 768]
    assert seen == [(part, 1536) for part in (*point, *(768 + part for part in point))]
