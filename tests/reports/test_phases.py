"""The phases report, small: every section says something true, also for other models."""

from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr

from reports.cli import main
from reports.phase_breaking import breaking_section
from reports.phase_ensembles import ensembles_section, ensembles_table
from reports.phase_lines import lines_section
from reports.phase_published import published_section
from reports.phases import Effort
from theory import RandomNetwork

TINY = Effort(
    map_points=8, line_points=3, size=60, networks=2, noisy_size=60, trajectories=8_000,
    searched=(40,), starts=4,
)  # fmt: skip
ERF = RandomNetwork(transfer="erf(x)")
SHIFTED = RandomNetwork(transfer="tanh(x + 1/2)")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    directory = tmp_path_factory.mktemp("phases") / "report"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reports.phases.QUICK", TINY)
        with pytest.raises(SystemExit) as caught:
            main(["report", "phases", "--quick", "--output", str(directory)])
    assert caught.value.code == 0
    return directory


def text_of(html):
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html))


def test_files_and_words(report):
    names = {path.name for path in report.iterdir()}
    for figure in ("map", "coexistence", "breaking", "ensembles", "dynamics"):
        assert {f"{figure}.nc", f"{figure}.png", f"{figure}.svg"} <= names
    page = (report / "index.html").read_text(encoding="utf-8")
    for words in ("Critical lines", "did not reproduce", "Kac-Rice", "g (gamma + 1) = 1"):
        assert words in page
    assert not re.search(r'(?:src|href)="https?:', page)


def test_searches_account_for_every_start(report):
    with xr.open_dataset(report / "fixed_points.nc") as found:
        np.testing.assert_allclose(found.share.sum("end"), 1)
        homotopy = found.where(found.method == "homotopy", drop=True)
        np.testing.assert_allclose(homotopy.share.sel(end=["rest", "zero"]).sum("end"), 1)
    page = text_of((report / "index.html").read_text(encoding="utf-8"))
    assert "Bias of the searches" in page or "No bias can be given" in page


def test_exponents_are_those_of_the_expansion(report):
    """q = g - 1 and q = (T/2)^(1/2) at gamma = 0; a cubic root of T at gamma > 0."""
    with xr.open_dataset(report / "exponents.nc") as powers:
        along_g, along_t = (powers.sel(path=path) for path in powers.path.values)
        np.testing.assert_allclose(along_g.exponent, 1, atol=1e-3)
        np.testing.assert_allclose(along_t.exponent, [1 / 2, 1 / 3, 1 / 3, 1 / 3], atol=2e-3)
        assert float(along_g.amplitude[0]) == pytest.approx(1, rel=1e-3)
        assert float(along_t.amplitude[0]) == pytest.approx(np.sqrt(0.5), rel=3e-3)


def test_response_peaks_tend_to_the_line(report):
    with xr.open_dataset(report / "response_peaks.nc") as peaks:
        expected = 1 / (1 + peaks.gamma)
        off = np.abs(peaks.g_peak - expected).transpose("gamma", "temperature").values[1:]
        assert (np.diff(off, axis=1) < 0).all()
        assert off[:, -1].max() < 3e-3


def test_first_order_transition(report):
    """Free energies of the two solutions cross near g = 1.1758, found by separate searches."""
    page = text_of((report / "index.html").read_text(encoding="utf-8"))
    assert "1.17575" in page
    with xr.open_dataset(report / "coexistence.nc") as data:
        assert int(data.fold.sum()) >= 4


def test_broken_solution_has_the_larger_free_energy(report):
    with xr.open_dataset(report / "breaking.nc") as data:
        solved = data.converged.values
        assert solved.any()
        higher = (data.free_energy - data.symmetric_free_energy).values[solved]
        assert (higher > 0).all()


def test_ensembles():
    """Table of section 5: attractor and complexity at gamma = 0, obtained independently."""
    table = ensembles_table(RandomNetwork(), np.array([1.2, 2.0]))
    np.testing.assert_allclose(table.attractor, [0.169808, 0.513178], rtol=1e-5)
    np.testing.assert_allclose(table.Sigma, [8.812e-4, 2.483e-2], rtol=1e-3)
    # without reciprocity the cavity and the cold measure are the same static mean field
    np.testing.assert_allclose(table.gibbs, table.cavity, rtol=1e-3)
    assert (table.attractor_error.values < 1e-12).all()


def test_a_coupling_without_chaos_leaves_the_others():
    attractor = ensembles_table(RandomNetwork(), np.array([0.9, 1.2])).attractor
    assert np.isnan(attractor.values[0])
    assert attractor.values[1] == pytest.approx(0.169808, rel=1e-5)
    assert "no chaotic state at g = 0.9" in attractor.attrs["reason"]


def test_another_symmetric_model():
    section = lines_section(ERF)
    assert "g (gamma + 1) = sqrt(pi)/2" in text_of(section.html)
    assert "nothing is published" in published_section(ERF).html


@pytest.mark.parametrize("study", [lines_section, breaking_section, ensembles_section])
def test_a_model_without_these_states_gets_the_reason(study):
    section = study(SHIFTED)
    assert "Not for this model" in section.html
    assert not section.drawings
