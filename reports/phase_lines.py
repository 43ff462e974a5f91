"""Section on the transitions: closed forms beside solved branches, and critical exponents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.exponents import fit_power
from numerics.solve import solve
from reports import page
from reports.comparison import with_error
from reports.edge_lines import text
from reports.edge_of_chaos import locate_peak
from reports.page import number
from reports.sections import Section, refused
from theory.critical_lines import activity_onset, response_singularity
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Callable

    from theory.critical_lines import ActivityOnset
    from theory.ensembles import RandomNetwork

GAMMAS = (0.0, 0.2, 0.5, 0.8)
COLD = (1e-5, 1e-6, 1e-7)
"""Temperatures at which the response peak is located; it moves to the line as T -> 0."""
DISTANCES = np.geomspace(3e-3, 5e-2, 24)
"""Relative distances from the onset of activity at which q is solved at T = 0."""
TEMPERATURES = np.geomspace(2e-6, 1e-4, 24)


def lines_section(network: RandomNetwork) -> Section:
    """Closed forms of the critical lines, and whether branches follow them.

    Parameters
    ----------
    network : RandomNetwork

    Returns
    -------
    Section
    """
    try:
        response, onset = response_singularity(network), activity_onset(network)
    except ModelError as error:
        return refused("lines", "Critical lines", str(error))
    peaks = response_peaks(network)
    powers = activity_powers(network, onset)
    words = [
        f"The response to a constant field diverges at {text(response.condition)}"
        f" (in general at {text(response.general)}, with the Taylor coefficients of a, b and c"
        " at 0).",
        f"q at T = 0 starts from 0 at {text(onset.condition)}"
        f" (in general at {text(onset.general)}).",
        "Both are derived by symbols from the functional; the tables compare them with solutions.",
    ]
    html = page.items(words) + _peak_table(peaks, response.at) + _power_table(powers)
    return Section(
        "lines", "Critical lines", html, data={"response_peaks": peaks, "exponents": powers}
    )


def response_peaks(network: RandomNetwork) -> xr.Dataset:
    """Place and height of the largest rho along g, at low temperatures.

    Parameters
    ----------
    network : RandomNetwork

    Returns
    -------
    xarray.Dataset
        Over ``gamma`` and ``temperature``: ``g_peak`` and ``rho_peak``, NaN without a peak.
    """
    line = response_singularity(network)
    found = np.full((2, len(GAMMAS), len(COLD)), np.nan)
    for row, gamma in enumerate(GAMMAS):
        expected = line.at(gamma)
        g = expected * np.linspace(0.96, 1.04, 161)
        phases = solve(replica_symmetric(network), g, gamma, COLD, tolerance=1e-8)
        for column, temperature in enumerate(COLD):
            rho = phases.rho.sel(temperature=temperature).squeeze().values
            found[:, row, column] = locate_peak(g, rho)
    coordinates = {
        "gamma": ("gamma", list(GAMMAS), {"long_name": "reciprocity gamma", "units": "1"}),
        "temperature": ("temperature", list(COLD), {"long_name": "T", "units": "1"}),
    }
    dims = ("gamma", "temperature")
    return xr.Dataset(
        {
            "g_peak": (dims, found[0], {"long_name": "g at the peak of rho", "units": "1"}),
            "rho_peak": (dims, found[1], {"long_name": "height of the peak of rho", "units": "1"}),
        },
        coordinates,
    )


def activity_powers(network: RandomNetwork, onset: ActivityOnset) -> xr.Dataset:
    """Powers with which q vanishes at its onset: with g at T = 0, and with T on the line.

    Parameters
    ----------
    network : RandomNetwork
    onset : ActivityOnset

    Returns
    -------
    xarray.Dataset
        Over ``gamma`` and ``path``: ``exponent``, ``amplitude`` and their errors, NaN where
        no solution was found at too many points.
    """
    free_energy = replica_symmetric(network)
    names = ("exponent", "exponent_error", "amplitude", "amplitude_error")
    values = np.full((len(names), len(GAMMAS), 2), np.nan)
    for row, gamma in enumerate(GAMMAS):
        critical = onset.at(gamma)
        along_g = solve(free_energy, critical * (1 + DISTANCES), gamma, 0.0, tolerance=1e-8)
        along_t = solve(free_energy, critical, gamma, TEMPERATURES, tolerance=1e-8)
        # at gamma > 0 the power of T is not a simple fraction of that of the corrections
        paths = ((critical * DISTANCES, along_g, 1.0), (TEMPERATURES, along_t, 1 / 3))
        for column, (x, phases, correction) in enumerate(paths):
            q = phases.q.squeeze().values
            solved = np.isfinite(q)
            if solved.sum() >= len(q) // 2:
                values[:, row, column] = fit_power(x[solved], q[solved], correction=correction)
    coordinates = {
        "gamma": ("gamma", list(GAMMAS), {"long_name": "reciprocity gamma", "units": "1"}),
        "path": (
            "path", ["g - g_c at T = 0", "T at g_c"],
            {"long_name": "variable in which q vanishes", "units": "1"},
        ),
    }  # fmt: skip
    return xr.Dataset(
        {
            name: (("gamma", "path"), array, {"long_name": f"{name} of q", "units": "1"})
            for name, array in zip(names, values, strict=True)
        },
        coordinates,
    )


def _peak_table(peaks: xr.Dataset, line: Callable[[float], float]) -> str:
    rows = []
    for gamma in peaks.gamma.values:
        at = peaks.sel(gamma=gamma)
        expected = line(float(gamma))
        cells = [number(value, 8) for value in at.g_peak.values]
        off = float(at.g_peak[-1]) - expected
        height = number(float(at.rho_peak[-1]), 6)
        rows.append([f"{gamma:g}", number(expected, 8), *cells, number(off, 2), height])
    head = ["γ", "line", *(f"peak at T = {t:g}" for t in peaks.temperature.values)]
    caption = (
        "The peak of the response ρ along g against the line of the response singularity; the"
        " distance is that at the lowest temperature. At γ = 0 the response is flat below the"
        " transition and has no peak."
    )
    return page.table([*head, "distance", "height"], rows, caption)


def _power_table(powers: xr.Dataset) -> str:
    rows = []
    for gamma in powers.gamma.values:
        cells = [f"{gamma:g}"]
        for path in powers.path.values:
            at = powers.sel(gamma=gamma, path=path)
            for name in ("exponent", "amplitude"):
                value, error = float(at[name]), max(float(at[f"{name}_error"]), 1e-6)
                solved = np.isfinite(value)
                cells.append(" ± ".join(with_error(value, error)) if solved else "–")
        rows.append(cells)
    head = ["γ", *(f"{what}, q against {path}" for path in powers.path.values
                   for what in ("exponent", "amplitude"))]  # fmt: skip
    caption = (
        "Powers with which q vanishes at its onset g_c. Errors are those of the form of the fit:"
        " the change with another correction or fewer points."
    )
    return page.table(head, rows, caption)
