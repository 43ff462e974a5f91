"""The edge-of-chaos report, made quickly, against solving and against the known limit."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import xarray as xr

from numerics import solve
from reports import edge_simulation
from reports.cli import main
from reports.edge_figures import draw_moderate, draw_temperature
from reports.edge_lines import coupling_unit, edge_lines
from reports.edge_of_chaos import (
    GAMMAS,
    Grids,
    add_peaks,
    compute,
    locate_peak,
)
from reports.edge_page import write_page
from reports.figures import SIMULATED, broken_at_jumps
from reports.published import published_values
from reports.validation_points import Effort
from theory import RandomNetwork, replica_symmetric
from validation.sampling import Sampling

NAMES = ("order_parameters", "temperature", "energy", "map")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    directory = tmp_path_factory.mktemp("reports") / "edge"
    with pytest.raises(SystemExit) as caught:
        main(["report", "edge-of-chaos", "--quick", "--output", str(directory)])
    assert caught.value.code == 0
    return directory


def test_files(report):
    expected = {f"{name}.{suffix}" for name in NAMES for suffix in ("nc", "png", "svg")}
    expected |= {"index.html", "lines.nc", "report.json"}
    assert {path.name for path in report.iterdir()} == expected
    assert [path.name for path in report.parent.iterdir()] == ["edge"]


def test_numbers_are_those_of_solve(report):
    network = replica_symmetric(RandomNetwork())
    for name in NAMES:
        with xr.open_dataset(report / f"{name}.nc") as found:
            assert found.converged.all()
            assert json.loads(found.attrs["provenance"])["model"]["local"] == "-x"
            at = found.isel(g=[0, -1], gamma=[1, -1], temperature=[0])
            again = solve(network, at.g.values, at.gamma.values, at.temperature.values)
            for quantity in ("q", "rho", "energy", "x_squared"):
                np.testing.assert_allclose(at[quantity], again[quantity], rtol=1e-8)


def test_page_stands_alone(report):
    page = (report / "index.html").read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="https?:', page)
    assert "<link" not in page
    assert "<script" not in page
    linked = set(re.findall(r'href="([^#"]+)"', page))
    figures = {f"{name}.{suffix}" for name in NAMES for suffix in ("nc", "png", "svg")}
    assert linked == figures | {"lines.nc"}
    for text in (
        "published (did not reproduce)",
        "Replica symmetry is unstable",
        "<math",
        "arXiv 2401.10009",
    ):
        assert text in page


def test_response_peak_tends_to_the_edge():
    # for T -> 0 the peak stands at g (1 + gamma) = 1 with height 1 + gamma
    network = replica_symmetric(RandomNetwork())
    g = np.linspace(0.6, 0.75, 61)
    distance = []
    for temperature in (1e-4, 1e-6, 1e-8):
        peak = add_peaks(solve(network, g, [0.5], [temperature])).squeeze()
        distance.append([2 / 3 - float(peak.g_peak), 1.5 - float(peak.rho_peak)])
    assert (np.diff(distance, axis=0) < 0).all()
    assert (np.abs(distance[-1]) < [3e-4, 1e-2]).all()


def test_no_peak_where_there_is_none():
    g = np.linspace(0, 1, 11)
    for rho in (1 - g, g, np.ones(11), np.full(11, np.nan)):
        assert np.isnan(locate_peak(g, rho)).all()
    beside_a_gap = np.where(g == 0.5, np.nan, 1 - (g - 0.4) ** 2)
    assert np.isnan(locate_peak(g, beside_a_gap)).all()


def test_lines_are_those_of_the_model():
    """erf(sqrt(pi) x/2) has slope 1: g (1 + gamma) = 1; slope 2 and drift -3x: 3/2 of it."""
    gammas = np.array([-0.2, 0.0, 0.5])
    for model, factor in (
        ({"transfer": "erf(sqrt(pi)*x/2)"}, 1.0),
        ({"transfer": "tanh(2*x)", "local": "-3*x"}, 1.5),
    ):
        lines = edge_lines(RandomNetwork(**model), gammas)
        np.testing.assert_allclose(lines.data.response, factor / (1 + gammas), rtol=1e-14)
        # on the line the response is that of a unit times 1 + gamma, which is 1/g
        np.testing.assert_allclose(lines.data.rho, (1 + gammas) / factor, rtol=1e-7)
        assert coupling_unit(RandomNetwork(**model)) == factor
        assert set(lines.labels) == {"response", "onset"}


def test_what_is_missing_has_its_reason():
    gammas = [0.0, 0.5]
    shifted = edge_lines(RandomNetwork(transfer="tanh(x + 1/2)"), gammas)
    assert set(shifted.labels) == {"response"}
    # gamma = 0: x is normal with variance g^2 E c^2, and g^2 E c'^2 = 1 on the line
    z = np.linspace(-9, 9, 4001)
    chance = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    g, overlap = 1.5, 0.5
    for _ in range(500):
        c = np.tanh(g * np.sqrt(overlap) * z + 0.5)
        overlap = chance @ c**2
        g = 0.5 * g + 0.5 / np.sqrt(chance @ (1 - c**2) ** 2)
    assert float(shifted.data.response[0]) == pytest.approx(g, rel=1e-9)
    ferromagnet = edge_lines(RandomNetwork(mean=2), gammas)
    assert np.isnan(ferromagnet.data.response).all()
    assert any("makes the state without mean activity unstable" in s for s in ferromagnet.sentences)
    confined = edge_lines(RandomNetwork(confinement=0.1), gammas)
    assert not confined.labels
    assert any("ground state at every g" in s for s in confined.sentences)


def test_published_values_belong_to_their_model():
    for other in (RandomNetwork(transfer="atan(x)"), RandomNetwork(field_std=0.1)):
        assert not published_values(other)


def test_lines_break_where_the_branch_jumps_and_nowhere_else():
    g = np.linspace(0, 1, 21)
    onset = np.sqrt(np.maximum(g - 0.5, 0))
    np.testing.assert_array_equal(broken_at_jumps(g, onset)[1], onset)
    jump = np.where(g > 0.52, 0.5 + 0.1 * g, 0)
    place, values = broken_at_jumps(g, jump)
    assert np.isnan(values).sum() == 1
    assert 0.5 < place[np.isnan(values)][0] < 0.55


def test_points_without_solution_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr("reports.page.figure", lambda *_arguments: "")
    free_energy = replica_symmetric(RandomNetwork())
    datasets = compute(free_energy, Grids(5, 3, 5, 3, cold=1e-4))
    datasets["order_parameters"] = add_peaks(solve(free_energy, [0.8, 1.2], [0.0], [0.0]))
    write_page(tmp_path, free_energy, datasets, [], edge_lines(RandomNetwork(), GAMMAS))
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "no solution at temperature 0" in page


def test_simulated_points_lie_beside_the_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "reports.page.figure", lambda _directory, name, caption: f"{name} {caption}"
    )
    tiny = Effort((8, 12, 16), networks=3, sampling=Sampling(chains=4, draws=20, warmup=20))
    free_energy = replica_symmetric(RandomNetwork())
    datasets = compute(free_energy, Grids(5, 3, 5, 3, cold=0.05, simulated=True))
    simulated = edge_simulation.simulate_edge(RandomNetwork(), effort=tiny)
    assert float(simulated.temperature.min()) >= 0.03
    figures = (
        draw_moderate(datasets["moderate"], simulated),
        draw_temperature(datasets["temperature"], simulated),
    )
    for figure, shown in zip(figures, ([3, 3], [1, 1, 2, 2]), strict=True):
        for axes, count in zip(figure.axes, shown, strict=True):
            bars = axes.containers
            assert len(bars) == 2
            assert [len(bar.lines[0].get_xdata()) for bar in bars] == [count, count]
            assert SIMULATED in axes.get_legend_handles_labels()[1]
    write_page(tmp_path, free_energy, datasets, [], edge_lines(RandomNetwork(), GAMMAS), simulated)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    for words in ('id="simulation"', "8 points were simulated", "Points are simulated"):
        assert words in page


def test_only_refuted_points_are_a_problem():
    numbers = {name: (("point", "quantity"), [[0.0, 1.0]]) for name in ("theory", "z")}
    numbers |= dict.fromkeys(("simulation", "standard_error"), numbers["z"])
    words = {"verdict": [["refuted", "undecided"]], "reason": [["far off", "few networks"]]}
    simulated = xr.Dataset(
        numbers
        | {name: (("point", "quantity"), values) for name, values in words.items()}
        | {"mean": (("point", "size"), [[1.0]]), "r_hat": (("point", "network"), [[1.0]])},
        {"quantity": ["q", "rho"]}
        | {name: ("point", [0.5]) for name in ("g", "gamma", "temperature")},
    )
    problems = edge_simulation.refuted(simulated)
    assert len(problems) == 1
    assert "q is refuted: far off" in problems[0]
    assert edge_simulation.refuted(None) == []


def test_a_model_that_cannot_be_simulated_has_no_simulated_points():
    assert edge_simulation.simulate_edge(RandomNetwork(transfer="Heaviside(x)/(1 + x**2)")) is None
