"""Points and accuracy that are chosen are those of the result, or are refused with a reason."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from reports.chosen import Chosen
from reports.phase_maps import maps_section
from reports.validation_points import points_of
from theory import RandomNetwork
from theory.expressions import ModelError

POINT = ["--g", "1.2", "--gamma", "0.5", "--temperature", "0.1"]


def settings(path):
    with xr.open_dataset(path) as found:
        return json.loads(found.attrs["provenance"])["settings"]


def test_tolerance_reaches_the_solver(run, tmp_path):
    path = tmp_path / "phases.nc"
    assert run("solve", *POINT, "--tolerance", "1e-6", "--output", path)[0] == 0
    assert settings(path)["tolerance"] == 1e-6
    store = tmp_path / "phases.zarr"
    assert run("sweep", *POINT, "--tolerance", "1e-6", "--output", store)[0] == 0
    with xr.open_zarr(store) as found:
        assert json.loads(found.attrs["provenance"])["settings"]["tolerance"] == 1e-6


def test_a_smaller_tolerance_is_a_smaller_error(run):
    def error(tolerance):
        shifted = ["--transfer", "tanh(x + 1/2)", *POINT, "--tolerance", tolerance, "--json"]
        [point] = json.loads(run("solve", *shifted)[1])["points"]
        assert point["converged"]
        return point["quadrature_error"]

    assert error("1e-10") < 1e-10 < error("1e-3") < 1e-3


@pytest.mark.parametrize("command", [["solve", *POINT], ["report", "edge-of-chaos", "--quick"]])
@pytest.mark.parametrize("tolerance", ["0", "-1", "1e-20", "0.5", "nan", "small"])
def test_a_tolerance_that_means_nothing_is_refused(run, tmp_path, monkeypatch, command, tolerance):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*command, "--tolerance", tolerance)
    assert (status, out, len(err)) == (2, "", 1), err
    assert "--tolerance" in err[0]
    assert not list(tmp_path.iterdir())


def test_edge_of_chaos_at_chosen_points(run, tmp_path):
    chosen = ["--g", "0.5,0.9,1.0,1.15,1.3", "--gamma", "0.3", "--temperature", "0.01,0.1,1"]
    where = ["--output", tmp_path / "report"]
    status, _, err = run("report", "edge-of-chaos", "--quick", *chosen, "--tolerance=1e-8", *where)
    assert (status, len(err)) == (0, 1)
    with xr.open_dataset(tmp_path / "report" / "order_parameters.nc") as found:
        assert found.g.values.tolist() == [0.5, 0.9, 1.0, 1.15, 1.3]
        assert found.gamma.values.tolist() == [0.3]
    with xr.open_dataset(tmp_path / "report" / "map.nc") as found:
        assert found.g.values.tolist() == [0.5, 0.9, 1.0, 1.15, 1.3]
    with xr.open_dataset(tmp_path / "report" / "temperature.nc") as found:
        assert found.temperature.values.tolist() == [0.01, 0.1, 1]
    assert settings(tmp_path / "report" / "map.nc")["tolerance"] == 1e-8


def test_phase_diagram_at_chosen_points():
    chosen = Chosen((0.8, 1.0, 1.2), (0.0, 0.5), (0.3,), tolerance=1e-8)
    data = maps_section(RandomNetwork(), chosen=chosen).drawings["map"].data
    assert dict(data.sizes) == {"g": 3, "gamma": 2, "temperature": 1}
    assert data.gamma.values.tolist() == [0.0, 0.5]
    assert json.loads(data.attrs["provenance"])["settings"]["tolerance"] == 1e-8


def test_validation_at_chosen_points():
    points = points_of(RandomNetwork(), chosen=Chosen(g=(0.7,), temperature=(0.2, 0.4)))
    assert [(p.g, p.gamma, p.temperature) for p in points] == [
        (0.7, 0.0, 0.2), (0.7, 0.0, 0.4), (0.7, 0.5, 0.2), (0.7, 0.5, 0.4),
    ]  # fmt: skip
    with pytest.raises(ModelError, match="gamma must lie between"):
        points_of(RandomNetwork(), chosen=Chosen(gamma=(2.0,)))


def test_the_validation_command_hands_the_points_on(run, tmp_path, monkeypatch):
    asked = []

    def make_report(points, directory, **options):
        asked.append((points, options["tolerance"], options["extras"]))
        (directory / "index.html").write_text("page")
        return []

    monkeypatch.setattr("reports.validation.make_report", make_report)
    chosen = ["--g", "0.7", "--temperature", "0.2", "--tolerance", "1e-8"]
    status, _, _ = run("report", "validation", *chosen, "--output", tmp_path / "report")
    expected = points_of(RandomNetwork(), chosen=Chosen(g=(0.7,), temperature=(0.2,)))
    assert (status, asked) == (0, [(expected, 1e-8, None)])


BAD = {
    "benchmarks": (["--g", "1"], "fixed points"),
    "benchmarks ": (["--tolerance", "1e-8"], "fixed points"),
    "phases": (["--g", "1"], "two or more values"),
    "phases ": (["--gamma", "0.5,0"], "ascending"),
    "edge-of-chaos": (["--temperature", "1"], "two or more values"),
    "edge-of-chaos ": (["--gamma", "3"], "gamma must lie between"),
    "validation": (["--temperature", "0"], "no measure to sample"),
    "validation ": (["--g", "-1"], "g must be"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_report_cannot_use_is_refused_with_the_reason(run, tmp_path, monkeypatch, name):
    arguments, reason = BAD[name]
    monkeypatch.chdir(tmp_path)
    status, out, err = run("report", name.strip(), *arguments)
    assert (status, out, len(err)) == (2, "", 1), err
    assert reason in err[0]
    assert not list(tmp_path.iterdir())


def test_a_peak_between_uneven_points():
    from reports.edge_of_chaos import locate_peak  # noqa: PLC0415

    g = np.array([0.0, 0.3, 0.4, 0.55, 0.9, 1.0])
    np.testing.assert_allclose(locate_peak(g, 2 - (g - 0.43) ** 2), (0.43, 2))
