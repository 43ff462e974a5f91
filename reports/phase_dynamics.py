"""Section on the dynamics' own mean field: two-time correlations against drawn networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from reports import page
from reports.figures import label_axes, legend_below, make_figure
from reports.sections import Drawing, Section, refused
from theory.expressions import ModelError
from validation.two_time import dynamical_mean_field
from validation.two_time_networks import network_correlations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.figure import Figure

    from theory.ensembles import RandomNetwork

G, GAMMA, NOISE, DURATION = 0.8, 0.5, 0.1, 20.0
"""Where the two are compared: reciprocal couplings, noise, before the onset of chaos."""
COMPARED = ("correlation", "x_squared", "mean")


def dynamics_section(
    network: RandomNetwork,
    *,
    trajectories: int = 50_000,
    size: int = 500,
    networks: int = 16,
    seed: int = 0,
    threads: int = 1,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Section:
    """Solve the two-time equations and simulate networks at one point.

    Parameters
    ----------
    network : RandomNetwork
    trajectories : int
        Effective units of the mean field.
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
    key, heading = "dynamics", "Dynamical mean-field theory"
    run: dict[str, Any] = {"noise": NOISE, "seed": seed, "threads": threads}
    try:
        theory = dynamical_mean_field(network, G, GAMMA, DURATION, trajectories=trajectories, **run)
        drawn = network_correlations(
            network, G, GAMMA, DURATION, size=size, networks=networks, directory=directory,
            progress=progress, **run,
        )  # fmt: skip
    except ModelError as error:
        return refused(key, heading, str(error))
    beside = compare(theory, drawn)
    drawing = Drawing(
        draw_dynamics(theory, drawn),
        beside,
        f"Noisy dynamics at g = {G:g}, gamma = {GAMMA:g}, D = {NOISE:g}: lines are the two-time"
        f" mean-field theory, points the means over {networks} networks of {size} units with one"
        " standard error, from normal first states.",
    )
    problems = [] if theory.converged else [f"two-time mean field: {theory.reason}"]
    html = _words(theory, beside, size)
    data = {"two_time": theory, "two_time_networks": drawn}
    return Section(key, heading, html, {"dynamics": drawing}, data, problems)


def compare(theory: xr.Dataset, drawn: xr.Dataset) -> xr.Dataset:
    """Differences of networks and theory in standard errors, at the recorded times.

    Parameters
    ----------
    theory : xarray.Dataset
        From `validation.two_time.dynamical_mean_field`.
    drawn : xarray.Dataset
        From `validation.two_time_networks.network_correlations`.

    Returns
    -------
    xarray.Dataset
        ``z_correlation``, ``z_x_squared`` and ``z_mean``; NaN where neither fluctuates.
    """
    result = xr.Dataset()
    for name in COMPARED:
        places = {str(dim): drawn[str(dim)] for dim in drawn[name].dims}
        at = theory.sel(places, method="nearest").assign_coords(places)
        error = np.hypot(drawn[f"{name}_standard_error"], at[f"{name}_standard_error"])
        z = ((drawn[name] - at[name]) / error).where(error > 0)
        z.attrs = {"long_name": f"difference of {name} in standard errors", "units": "1"}
        result[f"z_{name}"] = z
    return result


def draw_dynamics(theory: xr.Dataset, drawn: xr.Dataset) -> Figure:
    """Draw correlation with the start, at equal times, and the response.

    Parameters
    ----------
    theory, drawn : xarray.Dataset
        As in `compare`.
    """
    figure = make_figure(1, 3, width=12.5, height=4.2)
    times = theory.time.values
    equal = np.diagonal(theory.correlation.values)
    lines = (equal, theory.correlation.values[:, 0])
    points = (
        (np.diagonal(drawn.correlation.values),
         np.diagonal(drawn.correlation_standard_error.values)),
        (drawn.correlation.values[:, 0], drawn.correlation_standard_error.values[:, 0]),
    )  # fmt: skip
    labels = (r"$C(t, t)$", r"$C(t, 0)$")
    for axes, line, (value, error), label in zip(figure.axes, lines, points, labels, strict=False):
        axes.plot(times, line, color="#1f5fa8", linewidth=1.7, label="mean-field theory")
        axes.errorbar(
            drawn.time, value, error, fmt="o", color="0.3", markersize=4, capsize=2.5,
            label="networks",
        )  # fmt: skip
        label_axes(axes, "$t$", label)
    for place in np.linspace(0, times[-1] / 2, 4):
        row = theory.sel(time_prime=place, method="nearest")
        later = row.time >= row.time_prime
        figure.axes[2].plot(
            row.time[later] - row.time_prime, row.response[later],
            label=f"$t' = {float(row.time_prime):.3g}$",
        )  # fmt: skip
    label_axes(figure.axes[2], "$t - t'$", r"response $G(t, t')$")
    legend_below(figure, columns=6)
    return figure


def _words(theory: xr.Dataset, beside: xr.Dataset, size: int) -> str:
    lines = [
        f"The self-consistency holds within {float(theory.residual):.2g} (relative), of which"
        f" {float(theory.residual_by_chance):.2g} are expected from the random numbers of the"
        " test.",
    ]
    for name in COMPARED:
        z = beside[f"z_{name}"].values
        z = z[np.isfinite(z)]
        if z.size:
            lines.append(
                f"{name}: root mean square difference {np.sqrt((z**2).mean()):.2f} standard errors,"
                f" largest {np.abs(z).max():.1f}, over {z.size} times or pairs of times"
                " (correlated)."
            )
    lines.append(f"Networks have N = {size}; a shift of order 1/N is not corrected for.")
    return page.items(lines)
