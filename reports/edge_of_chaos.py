"""The edge-of-chaos report: order parameters across the transition, for any network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from numerics.solve import solve
from reports.chosen import Chosen
from reports.edge_figures import (
    draw_energy,
    draw_map,
    draw_moderate,
    draw_order_parameters,
    draw_temperature,
)
from reports.edge_lines import coupling_unit, edge_lines
from reports.edge_page import write_page
from reports.edge_simulation import MODERATE, refuted, simulate_edge
from reports.published import published_values
from reports.results import describe_failures
from reports.store import write_dataset, write_figure
from theory.codegen.functional import functional_kernel
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import xarray as xr
    from numpy.typing import ArrayLike

    from theory.ensembles import RandomNetwork
    from theory.free_energy import FreeEnergy

GAMMAS = (-0.2, 0.0, 0.2, 0.5, 0.8)
RANGE, SHALLOW, DEEP = (0.4, 1.4), 0.8, 1.2
"""Coupling strengths in units of `reports.edge_lines.coupling_unit`: a range across the line,
one below it for small gamma, and one above it."""


@dataclass(frozen=True)
class Grids:
    """Numbers of points of the report's grids.

    Parameters
    ----------
    g, temperature : int
        Along the lines of the first three figures.
    map_g, map_gamma : int
    cold : float
        The lowest temperature, at which the lines against g and the map are solved.
    simulated : bool
        Whether a few points are simulated too.
    """

    g: int
    temperature: int
    map_g: int
    map_gamma: int
    cold: float = 1e-4
    simulated: bool = False


# what a point takes: microseconds without fields, a tenth of a second with one or two; with three
# a second at T = 1e-2 and minutes at T = 1e-4
_GRIDS = {
    0: Grids(101, 41, 101, 53, simulated=True),
    1: Grids(26, 13, 14, 8, simulated=True),
    3: Grids(6, 5, 5, 4, cold=1e-2),
}
_QUICK = {0: Grids(21, 13, 26, 14), 1: Grids(11, 7, 6, 6), 3: Grids(4, 4, 3, 3, cold=1e-1)}


def choose_grids(free_energy: FreeEnergy, *, quick: bool = False) -> Grids:
    """Choose grids by the number of Gaussian fields, which decides what a point costs.

    Examples
    --------
    >>> from theory.ensembles import RandomNetwork
    >>> choose_grids(replica_symmetric(RandomNetwork())).g
    101
    """
    fields = len(functional_kernel(replace(free_energy, reduced=True)).fields)
    sizes = _QUICK if quick else _GRIDS
    return sizes[max(count for count in sizes if count <= fields)]


def locate_peak(g: np.ndarray, rho: np.ndarray) -> tuple[float, float]:
    """Locate the largest value inside a line of points by a parabola through its neighbours.

    Parameters
    ----------
    g, rho : ndarray
        Ascending ``g``; NaN where there is no solution.

    Returns
    -------
    g_peak, rho_peak : float
        NaN if the largest value stands at an end, or beside a point without solution.

    Examples
    --------
    >>> g = np.linspace(0, 1, 11)
    >>> print("{:.3f} {:.3f}".format(*locate_peak(g, 1 - (g - 0.42) ** 2)))
    0.420 1.000
    """
    if not np.isfinite(rho).any():
        return np.nan, np.nan
    top = int(np.nanargmax(rho))
    if not 0 < top < len(g) - 1 or not np.isfinite(rho[top - 1 : top + 2]).all():
        return np.nan, np.nan
    # the rise must exceed what solving to 1e-10 leaves open
    if rho[top] - max(np.nanmin(rho[:top]), np.nanmin(rho[top + 1 :])) < 1e-6:
        return np.nan, np.nan
    bend, slope, height = np.polyfit(g[top - 1 : top + 2] - g[top], rho[top - 1 : top + 2], 2)
    return float(g[top] - slope / (2 * bend)), float(height - slope**2 / (4 * bend))


def compute(
    free_energy: FreeEnergy,
    grids: Grids,
    *,
    chosen: Chosen | None = None,
    threads: int = 1,
    progress: Callable[[str], Callable[[int, int], None]] | None = None,
) -> dict[str, xr.Dataset]:
    """Solve all grids of the report.

    Parameters
    ----------
    free_energy : FreeEnergy
    grids : Grids
    chosen : Chosen, optional
        Values of axes that take the place of these, and the tolerance. The map keeps its gammas.
    threads : int
    progress : callable, optional
        Takes the name of a task, gives a function of points done and their total.

    Returns
    -------
    dict of str to xarray.Dataset
        One dataset per figure.
    """
    chosen = chosen or Chosen()

    def solved(task: str, g: ArrayLike, gamma: ArrayLike, temperature: ArrayLike) -> xr.Dataset:
        return solve(
            free_energy, g, gamma, temperature, tolerance=chosen.tolerance, threads=threads,
            progress=progress(task) if progress else None,
        )  # fmt: skip

    unit = coupling_unit(free_energy.network)
    low, high, shallow, deep = (round(unit * part, 12) for part in (*RANGE, SHALLOW, DEEP))
    g = chosen.axis("g", _even(low, high, grids.g))
    gamma = chosen.axis("gamma", GAMMAS)
    temperatures = chosen.axis("temperature", np.geomspace(grids.cold, 1, grids.temperature))
    datasets = {
        "order_parameters": solved("order parameters", g, gamma, np.array([grids.cold])),
        "temperature": solved("temperatures", np.array([shallow, deep]), gamma, temperatures),
    }
    energy = datasets["temperature"].sel(g=[deep])
    half = {"long_name": "T/2, the energy per unit of harmonic units", "units": "1"}
    datasets["energy"] = energy.assign(half_temperature=energy.temperature / 2)
    datasets["energy"].half_temperature.attrs = half
    if grids.simulated:
        datasets["moderate"] = solved("moderate temperature", g, gamma, np.array([MODERATE]))
    plane = (chosen.axis("g", _even(low, high, grids.map_g)), _even(-0.4, 0.9, grids.map_gamma))
    datasets["map"] = add_peaks(solved("map", *plane, np.array([grids.cold])))
    datasets["order_parameters"] = add_peaks(datasets["order_parameters"])
    return datasets


def _even(start: float, stop: float, count: int) -> np.ndarray:
    """Evenly spaced values without the last bits that make 1.2 print as 1.2000000000000002."""
    return np.round(np.linspace(start, stop, count), 12)


def add_peaks(dataset: xr.Dataset) -> xr.Dataset:
    """Add the place and height of the response peak along g for every gamma.

    Parameters
    ----------
    dataset : xarray.Dataset
        At one temperature.

    Returns
    -------
    xarray.Dataset
        With ``g_peak`` and ``rho_peak`` over ``gamma``, NaN where rho has no maximum inside.
    """
    rho = dataset.rho.squeeze("temperature").transpose("gamma", "g").values
    peaks = np.array([locate_peak(dataset.g.values, line) for line in rho])
    return dataset.assign(
        g_peak=("gamma", peaks[:, 0], {"long_name": "g at the peak of rho", "units": "1"}),
        rho_peak=("gamma", peaks[:, 1], {"long_name": "height of the peak of rho", "units": "1"}),
    )


def make_report(
    network: RandomNetwork,
    directory: Path,
    *,
    quick: bool = False,
    chosen: Chosen | None = None,
    threads: int = 1,
    progress: Callable[[str], Callable[[int, int], None]] | None = None,
) -> list[str]:
    """Solve, draw and write the whole report.

    Parameters
    ----------
    network : RandomNetwork
    directory : pathlib.Path
        Exists; gets netCDF files, figures and ``index.html``.
    quick : bool
        Coarser grids.
    chosen : Chosen, optional
        As in `compute`.
    threads : int
    progress : callable, optional
        As in `compute`.

    Returns
    -------
    list of str
        One line for every point that did not converge, up to a few per grid, and for every
        quantity that the simulation refutes.
    """
    free_energy = replica_symmetric(network)
    grids = choose_grids(free_energy, quick=quick)
    datasets = compute(free_energy, grids, chosen=chosen, threads=threads, progress=progress)
    published = published_values(network)
    gammas = [datasets[name].gamma.values for name in ("order_parameters", "map")]
    lines = edge_lines(network, np.concatenate(gammas))
    simulated = None
    if grids.simulated:
        simulated = simulate_edge(network, threads=threads, progress=progress)
    figures = {
        "order_parameters": draw_order_parameters(datasets["order_parameters"], published, lines),
        "temperature": draw_temperature(datasets["temperature"], simulated),
        "energy": draw_energy(datasets["energy"]),
        "map": draw_map(datasets["map"], lines),
    }
    if simulated is None:
        datasets.pop("moderate", None)
    else:
        figures["moderate"] = draw_moderate(datasets["moderate"], simulated)
        write_dataset(simulated, directory / "simulation.nc")
    write_dataset(lines.data, directory / "lines.nc")
    for name, figure in figures.items():
        write_dataset(datasets[name], directory / f"{name}.nc")
        write_figure(figure, directory / name)
    write_page(directory, free_energy, datasets, published, lines, simulated)
    # the energy grid is part of the temperature grid
    solved = [name for name in datasets if name != "energy"]
    return [
        f"{name}: {line}" for name in solved for line in describe_failures(datasets[name], most=3)
    ] + refuted(simulated)
