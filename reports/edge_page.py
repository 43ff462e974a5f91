"""The page of the edge-of-chaos report: summary, figures, equations, numbers, provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reports import page
from reports.edge_lines import line_cells
from reports.edge_simulation import MODERATE, describe_simulated
from reports.page import number
from reports.provenance import provenance_table
from reports.results import failures
from reports.store import write_text
from reports.validation_page import comparison_table

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from reports.edge_lines import EdgeLines
    from reports.published import PublishedValue
    from theory.free_energy import FreeEnergy

SOURCE = "Qiu & Huang, arXiv 2401.10009 (Commun. Theor. Phys. 77, 035601, 2025)"
_CAPTIONS = {
    "order_parameters": (
        "Order parameters against the coupling strength g at temperature {cold}. q is the overlap"
        " of a replica with itself, Q that of two replicas, rho and P are the integrated"
        " responses. A line is interrupted where no solution was found and where the branch"
        " jumps."
    ),
    "temperature": (
        "Overlap q and response rho against temperature, at g = {shallow} and {deep}.{points}"
    ),
    "moderate": (
        "Overlap q and response rho against g at the higher temperature {moderate}, with simulated"
        " values extrapolated to infinite size; error bars are one standard error, and smaller"
        " than the symbol where they do not show."
    ),
    "energy": (
        "Quasi-potential per unit, its ratio to T/2, and the mean square state of a unit, all"
        " against 1/T at g = {deep}. T/2 is the value for harmonic units."
    ),
    "map": (
        "Response rho and overlap q over coupling strength and reciprocity at temperature"
        " {cold}. Points mark the largest rho along g where it lies inside the range; hatched:"
        " the replica-symmetric solution shown is unstable (replicon < 0)."
    ),
}


def write_page(
    directory: Path,
    free_energy: FreeEnergy,
    datasets: dict[str, xr.Dataset],
    published: list[PublishedValue],
    lines: EdgeLines,
    simulated: xr.Dataset | None = None,
) -> None:
    """Write ``index.html`` beside the figures and datasets.

    Parameters
    ----------
    directory : pathlib.Path
        Holds the figures already.
    free_energy : FreeEnergy
    datasets : dict of str to xarray.Dataset
        As `reports.edge_of_chaos.compute` gives them.
    published : list of PublishedValue
    lines : EdgeLines
        The transition lines of the model.
    simulated : xarray.Dataset, optional
        From `reports.edge_simulation.simulate_edge`.
    """
    curves = datasets["order_parameters"]
    numbers = [_points_table(datasets), _peak_table(curves, lines)]
    numbers.append('<p>Lines at all gamma: <a href="lines.nc">lines.nc</a>.</p>')
    if published:
        numbers.append(_published_table(curves, published))
    temperature = datasets["temperature"]
    values = {
        "cold": number(float(curves.temperature[0])),
        "shallow": number(float(temperature.g[0])),
        "deep": number(float(temperature.g[-1])),
        "moderate": number(MODERATE),
        "points": "" if simulated is None else " Points are simulated, as in the next figure.",
    }
    figures = "\n".join(
        page.figure(directory, name, _CAPTIONS[name].format(**values) + _seen(name, datasets[name]))
        for name in _CAPTIONS
        if name in datasets
    )
    summary = _summary(free_energy, datasets, published, lines)
    sections = [
        ("summary", "Summary", summary),
        ("figures", "Figures", figures),
        ("numbers", "Numbers", "\n".join(numbers)),
        *_simulation(simulated),
        ("unsolved", "Points without a solution", _unsolved(datasets)),
        ("equations", "Equations", _equations(free_energy)),
        ("provenance", "Provenance", _provenance(curves)),
    ]
    write_text(page.page("Edge of chaos", sections), directory / "index.html")


def _simulation(simulated: xr.Dataset | None) -> list[tuple[str, str, str]]:
    """Make the section on the simulated points, if there are any."""
    if simulated is None:
        return []
    words = page.items(describe_simulated(simulated))
    link = '<p>All numbers: <a href="simulation.nc">simulation.nc</a>.</p>'
    return [("simulation", "Simulation", words + comparison_table(simulated) + link)]


def _summary(
    free_energy: FreeEnergy,
    datasets: dict[str, xr.Dataset],
    published: list[PublishedValue],
    lines: EdgeLines,
) -> str:
    network, curves = free_energy.network, datasets["order_parameters"]
    solved = [data for name, data in datasets.items() if name != "energy"]
    total = sum(data.converged.size for data in solved)
    done = sum(int(data.converged.sum()) for data in solved)
    error = max(float(data.quadrature_error.max()) for data in solved)
    words = [
        f"The network: dx/dt = a(x) + b(x) [sum over j of J c(x_j)] + h with a = {network.local},"
        f" b = {network.gain}, c = {network.transfer}, mean {network.mean}, field standard"
        f" deviation {network.field_std}, confinement {network.confinement}.",
        f"{done} of {total} points are solved; the largest relative change under a finer"
        f" quadrature is {number(error, 2)}. {_branch_sentence(curves)}",
        *_peak_sentences(curves),
        *lines.sentences,
        _stability_sentence(solved),
    ]
    if published:
        words.append(
            f"The values of q and Q published by {SOURCE} did not reproduce; both are listed"
            " under Numbers. The cause is not established."
        )
    return page.items(words)


def _stability_sentence(solved: list[xr.Dataset]) -> str:
    """Say at how many points, and for which gamma, replicas become inequivalent."""
    unstable = [data.replicon < 0 for data in solved]
    count = sum(int(found.sum()) for found in unstable)
    if not count:
        return "Replica symmetry is stable at every solved point (replicon > 0)."
    gammas = np.concatenate(
        [found.gamma.values[found.any(["g", "temperature"]).values] for found in unstable]
    )
    return (
        f"Replica symmetry is unstable (replicon < 0) at {count} solved points, for gamma from"
        f" {gammas.min():.2g} to {gammas.max():.2g}; curves for gamma < 0 are dashed. See the"
        " report phases."
    )


def _branch_sentence(curves: xr.Dataset) -> str:
    """Say which branch is shown, and what vanishes on it."""
    names = sorted({str(name) for name in curves.branch_name.values.ravel()})
    zero = [
        name for name in ("Q", "P", "m") if not np.nan_to_num(curves[name].values, nan=0.0).any()
    ]
    vanish = f"; {', '.join(zero)} = 0 on it" if zero and curves.converged.any() else ""
    return f"Shown is the {' and '.join(names)} branch, continued from high temperature{vanish}."


def _peak_sentences(curves: xr.Dataset) -> list[str]:
    located = [
        gamma for gamma in curves.gamma.values if np.isfinite(curves.g_peak.sel(gamma=gamma))
    ]
    if not located:
        return ["The response rho has no peak inside the range of g at any gamma shown."]
    places = ", ".join(
        f"g = {float(curves.g_peak.sel(gamma=gamma)):.3f} (height"
        f" {float(curves.rho_peak.sel(gamma=gamma)):.3f}) at gamma = {gamma:g}"
        for gamma in located
    )
    return [
        f"The response rho peaks at {places}. Temperature rounds the peak; where there is a line of"
        " the response, the table under Numbers shows it beside the peak."
    ]


def _seen(name: str, data: xr.Dataset) -> str:
    """Say in a caption what the numbers of this figure show."""
    if not data.converged.any():
        return " No point was solved."
    if name == "energy":
        ratio = data.energy / data.half_temperature
        return f" The ratio lies between {float(ratio.min()):.4g} and {float(ratio.max()):.4g}."
    if name == "temperature":
        cold = data.isel(temperature=int(np.argmin(data.temperature.values)))
        spans = [
            f"{float(at.q.min()):.3g} to {float(at.q.max()):.3g} at g = {float(at.g):g}"
            for at in (cold.isel(g=k) for k in range(cold.sizes["g"]))
            if at.converged.any()
        ]
        return f" At the lowest temperature q is {' and '.join(spans)}." if spans else ""
    return f" rho reaches {float(data.rho.max()):.4g}, q {float(data.q.max()):.4g}."


def _shown(g: np.ndarray) -> np.ndarray:
    """Coupling strengths of the table, from a fifth of the range on."""
    return g[0] + (g[-1] - g[0]) * np.array([0.2, 0.4, 0.6, 0.8, 1.0])


def _points_table(datasets: dict[str, xr.Dataset]) -> str:
    curves = datasets["order_parameters"]
    wanted = [int(np.abs(curves.g.values - g).argmin()) for g in _shown(curves.g.values)]
    names = ("q", "Q", "rho", "P", "m", "energy", "x_squared", "residual", "quadrature_error")
    rows = []
    for gamma in curves.gamma.values:
        for k in dict.fromkeys(wanted):
            point = curves.isel(g=k, temperature=0).sel(gamma=gamma)
            cells = [
                number(float(point[name]), 2 if name in {"residual", "quadrature_error"} else 6)
                for name in names
            ]
            rows.append([f"{gamma:g}", number(float(point.g)), *cells])
    head = ["γ", "g", "q", "Q", "ρ", "P", "m", "E/N", "E⟨x²⟩", "residual", "error"]
    cold = float(curves.temperature[0])
    caption = (
        f"Order parameters at T = {cold:g}; the error is the largest relative change under a finer"
        " quadrature. All points are in the data files."
    )
    return page.table(head, rows, caption)


def _peak_table(curves: xr.Dataset, lines: EdgeLines) -> str:
    head = ["γ", "g at the peak of ρ", "height"]
    shown = "response" in lines.labels
    head += ["line at T = 0", "ρ on it"] if shown else []
    rows = []
    for gamma in curves.gamma.values:
        at = curves.sel(gamma=gamma)
        row = [f"{gamma:g}", number(float(at.g_peak), 4), number(float(at.rho_peak), 4)]
        rows.append(row + (line_cells(lines, float(gamma)) if shown else []))
    beside = ", beside the line of the response" if shown else ""
    caption = f"Response peak at T = {float(curves.temperature[0]):g}{beside}"
    return page.table(head, rows, caption)


def _published_table(curves: xr.Dataset, published: list[PublishedValue]) -> str:
    rows = []
    for value in published:
        ours = curves.sel(g=value.g, gamma=value.gamma, method="nearest").squeeze("temperature")
        here = abs(float(ours.g) - value.g) < 1e-9
        for name, theirs in value.values.items():
            mine = number(float(ours[name])) if here else "not on this grid"
            row = [f"{value.gamma:g}", f"{value.g:g}", name, number(theirs), mine]
            rows.append([*row, "published (did not reproduce)"])
    caption = f"Published values, read by eye from the figures of {SOURCE}, beside ours"
    return page.table(["γ", "g", "quantity", "published", "here", "verdict"], rows, caption)


def _unsolved(datasets: dict[str, xr.Dataset]) -> str:
    rows = [
        [name, *(number(point[axis]) for axis in ("g", "gamma", "temperature")), point["reason"]]
        for name, data in datasets.items()
        if name != "energy"
        for point in failures(data)
    ]
    if not rows:
        return "<p>None: every point of every grid converged.</p>"
    content = page.table(["grid", "g", "γ", "T", "reason"], rows)
    return content if len(rows) <= 12 else page.folded(f"{len(rows)} points", content)


def _equations(free_energy: FreeEnergy) -> str:
    return f'<div class="equations">{free_energy.derivation.html()}</div>'


def _provenance(curves: xr.Dataset) -> str:
    where = "<p>Every data file carries this record in its attribute <code>provenance</code>.</p>"
    return provenance_table(curves.attrs["provenance"]) + where
