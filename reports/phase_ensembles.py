"""Section on four different answers to "what is the activity of a steady state"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.cavity import solve_cavity
from numerics.complexity import complexity
from numerics.solve import solve
from numerics.stationary import StationaryChaos
from reports import page
from reports.comparison import with_error
from reports.figures import label_axes, legend_below, make_figure
from reports.page import number
from reports.sections import Drawing, Section, refused
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric
from validation.chaos import chaos_against_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.figure import Figure

    from theory.ensembles import RandomNetwork

COLD = 1e-6
COUPLINGS = (1.05, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0)
MEANING = {
    "gibbs": "Gibbs measure of the quasi-potential, T → 0: weight 1/|det F'|",
    "kac_rice": "typical fixed point (Kac-Rice): weight 1",
    "cavity": "static cavity: weight sign det",
    "attractor": "attractor of the dynamics (mean field)",
}
SHORT = {
    "gibbs": "Gibbs",
    "kac_rice": "Kac-Rice",
    "cavity": "cavity",
    "attractor": "mean field of the attractor",
}
_COLOURS = {
    "gibbs": "#1f5fa8",
    "kac_rice": "#c98a1b",
    "cavity": "#2f7d4f",
    "attractor": "#c0322b",
}
_DASHES = {"gibbs": "-", "kac_rice": "--", "cavity": "-.", "attractor": ":"}


def ensembles_section(
    network: RandomNetwork,
    *,
    couplings: tuple[float, ...] = COUPLINGS,
    simulated: tuple[float, ...] = (1.5, 2.0, 3.0),
    size: int = 500,
    networks: int = 6,
    seed: int = 0,
    threads: int = 1,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Section:
    """Mean square activity in four ensembles along g at gamma = 0, with simulated networks.

    Parameters
    ----------
    network : RandomNetwork
    couplings : tuple of float
        In units of the first at which there is chaos.
    simulated : tuple of float
        Those of them at which the dynamics of networks is simulated.
    size, networks, seed : int
        Of the simulated networks.
    threads : int
    directory : pathlib.Path, optional
        Where finished networks are kept.
    progress : callable, optional

    Returns
    -------
    Section
    """
    key, heading = "ensembles", "Four ensembles"
    try:
        onset = float(_onset(network))
    except ModelError as error:
        return refused(key, heading, str(error))
    g = onset * np.array(couplings)
    table = ensembles_table(network, g)
    runs = []
    for place, coupling in enumerate(simulated):
        runs.append(
            chaos_against_size(
                network, onset * coupling, 0.0, [size], networks, seed + place, duration=200.0,
                threads=threads, directory=directory,
                progress=None if progress is None else _shifted(progress, place, len(simulated)),
            )
        )  # fmt: skip
    found = simulated_table(runs, onset * np.array(simulated))
    drawing = Drawing(
        draw_ensembles(table, found),
        xr.merge([table, found.rename(g="g_simulated")]),
        "Mean square transfer along g at gamma = 0 in four ensembles, and the complexity of fixed"
        f" points. Points: networks of {size} units without noise, mean over networks with one"
        " standard error; they belong to the attractor. Each curve is a different average, and"
        " none replaces another. No line is drawn where an ensemble has no solution.",
    )
    return Section(key, heading, _words(table, found, size), {"ensembles": drawing})


def _onset(network: RandomNetwork) -> float:
    from theory.critical_lines import response_singularity  # noqa: PLC0415

    return response_singularity(network).at(0.0)


def _shifted(
    progress: Callable[[int, int], None], place: int, parts: int
) -> Callable[[int, int], None]:
    return lambda done, total: progress(place * total + done, parts * total)


def ensembles_table(network: RandomNetwork, g: np.ndarray) -> xr.Dataset:
    """Mean square transfer in every ensemble, and the complexity.

    Parameters
    ----------
    network : RandomNetwork
    g : ndarray

    Returns
    -------
    xarray.Dataset
        Over ``g``; NaN where an ensemble has no solution or is not known for the model, with the
        reason in the attributes of the variable.
    """
    nothing = np.full(len(g), np.nan)
    columns: dict[str, np.ndarray] = {}
    reasons: dict[str, str] = {}

    def column(name: str, compute: Callable[[], np.ndarray]) -> None:
        try:
            columns[name] = compute()
        except ModelError as error:
            columns[name], reasons[name] = nothing, str(error)

    errors = nothing.copy()

    def attractor() -> np.ndarray:
        values = nothing.copy()
        for place, coupling in enumerate(g):
            state = StationaryChaos(network, float(coupling))
            try:
                values[place] = state.transfer_squared
                errors[place] = state.errors["transfer_squared"]
            except ModelError as error:  # other couplings may have one
                reasons["attractor"] = str(error)
        return values

    phases = solve(replica_symmetric(network), g, 0.0, COLD).squeeze()
    columns["gibbs"] = phases.q.values
    counted: list[xr.Dataset] = []

    def kac_rice() -> np.ndarray:
        counted.append(complexity(network, g, 0.0).squeeze())
        return counted[0].q.values

    column("kac_rice", kac_rice)
    column("cavity", lambda: solve_cavity(network, g, 0.0).squeeze().C.values)
    column("attractor", attractor)
    result = xr.Dataset(
        {
            name: (
                "g",
                values,
                {"long_name": MEANING[name], "units": "1", "reason": reasons.get(name, "")},
            )
            for name, values in columns.items()
        },
        {"g": ("g", g, {"long_name": "coupling strength g", "units": "1"})},
    )
    label = {"long_name": f"numerical error of the {SHORT['attractor']}", "units": "1"}
    result["attractor_error"] = ("g", errors, label)
    sigma = counted[0].Sigma.values if counted else nothing
    result["Sigma"] = ("g", sigma, {"long_name": "complexity of fixed points", "units": "1"})
    return result


def simulated_table(runs: list[xr.Dataset], g: np.ndarray) -> xr.Dataset:
    """Mean square transfer of simulated networks with its error, over ``g``."""
    value = [float(run.transfer_squared_mean[0]) for run in runs]
    error = [float(run.transfer_squared_mean_error[0]) for run in runs]
    return xr.Dataset(
        {
            "simulated": ("g", value, {"long_name": "<c^2> of networks", "units": "1"}),
            "simulated_error": ("g", error, {"long_name": "standard error", "units": "1"}),
        },
        {"g": ("g", g, {"long_name": "coupling strength g of the simulation", "units": "1"})},
    )


def draw_ensembles(table: xr.Dataset, found: xr.Dataset) -> Figure:
    """Draw the four activities and the complexity.

    Parameters
    ----------
    table : xarray.Dataset
        From `ensembles_table`.
    found : xarray.Dataset
        From `simulated_table`.
    """
    figure = make_figure(1, 2, width=11.5, height=4.8)
    activity, count = figure.axes
    for name, meaning in MEANING.items():
        activity.plot(
            table.g, table[name], _DASHES[name], color=_COLOURS[name], linewidth=1.8, label=meaning
        )
    activity.errorbar(
        found.g, found.simulated, found.simulated_error, fmt="o", color=_COLOURS["attractor"],
        markeredgecolor="black", markersize=5, capsize=3, label="networks without noise",
    )  # fmt: skip
    label_axes(activity, "g", r"$\langle c^2 \rangle$")
    count.plot(table.g, table.Sigma, "--", color=_COLOURS["kac_rice"], linewidth=1.8)
    label_axes(count, "g", r"complexity $\Sigma$ of fixed points")
    for axes in figure.axes:
        axes.set_ylim(bottom=0)
    legend_below(figure, columns=2)
    return figure


def _words(table: xr.Dataset, found: xr.Dataset, size: int) -> str:
    head = ["g", *(MEANING[name] for name in MEANING), "Σ"]
    rows = [
        [
            f"{float(at.g):g}",
            *(number(float(at[name])) for name in MEANING),
            number(float(at.Sigma)),
        ]
        for at in (table.isel(g=k) for k in range(table.sizes["g"]))
    ]
    lines = [
        f"{MEANING[name]}: {table[name].attrs['reason']}."
        for name in MEANING
        if table[name].attrs["reason"]
    ]
    for at in (found.isel(g=k) for k in range(found.sizes["g"])):
        value = " ± ".join(with_error(float(at.simulated), float(at.simulated_error)))
        theory = table.sel(g=float(at.g))
        beside = ", ".join(f"{SHORT[name]} {number(float(theory[name]), 4)}" for name in MEANING)
        lines.append(
            f"Networks of N = {size} at g = {float(at.g):g}: ⟨c²⟩ = {value}, against {beside}."
        )
    caption = "Mean square transfer at γ = 0 in four ensembles, and the complexity of fixed points"
    return page.items(lines) + page.table(head, rows, caption)
