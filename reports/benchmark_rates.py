"""Part on the rate of the solver: points per second by model and temperature, and its growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.solve import solve
from reports import page
from reports.benchmark_growth import (
    draw_growth,
    growth_of,
    growth_table,
    growth_words,
    measure_growth,
)
from reports.page import number
from reports.sections import Drawing, Section
from reports.timing import alternate, spread
from reports.validation_points import describe
from theory.codegen.functional import functional_kernel
from theory.ensembles import RandomNetwork
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.timing import Call

GAMMA = 0.5
RANGE = (0.4, 1.4)
TEMPERATURES = (0.1, 1e-2, 1e-4)
MODELS = (
    RandomNetwork(),
    RandomNetwork(transfer="tanh(x + 1/2)"),
    RandomNetwork(gain="1 + tanh(x)/2", mean=0.5, field_std=0.4),
)
"""Without Gaussian fields (a branch with the model's symmetry), with two, and with three. No
functional of the package has one: the overlaps of activities and of responses come in pairs."""


def rates_part(
    network: RandomNetwork, *, points: Sequence[int], sweeps: Sequence[int], repetitions: int
) -> Section:
    """Time sweeps in g of several models and temperatures.

    Parameters
    ----------
    network : RandomNetwork
        Measured too, and the one whose growth with the number of points is shown.
    points : sequence of int
        Points of a sweep for models without fields, with two, and with three.
    sweeps : sequence of int
        Numbers of points of the growth for a model without fields; with fields few are enough.
    repetitions : int

    Returns
    -------
    Section
    """
    models = [*MODELS, *([] if network in MODELS else [network])]
    rates = measure_rates(models, points, repetitions)
    free_energy = replica_symmetric(network)

    def make(count: int) -> dict[str, Call]:
        g = np.linspace(*RANGE, count)
        return {"solve": lambda: solve(free_energy, g, GAMMA, TEMPERATURES[0])}

    fields = field_count(network)
    counts = [max(2, 4 ** (k + 1) // fields) for k in range(3)] if fields else sweeps
    data = measure_growth(
        make, counts, repetitions, size_name="points",
        size_meaning="number of points of a sweep in g", least=0.0,
    )  # fmt: skip
    data.attrs = {"gamma": GAMMA, "temperature": TEMPERATURES[0], "model": str(network)}
    growth = growth_of(data, "solve")
    lines = [
        "The time of a sweep grows with the number of points to the power"
        f" {growth_words(growth)}. A sweep starts with points continued from high temperature,"
        " which cost more than those between solved neighbours: short sweeps grow more slowly.",
    ]
    drawing = Drawing(
        draw_growth([data], "seconds of one sweep"),
        data,
        f"Time of a sweep in g between {RANGE[0]:g} and {RANGE[1]:g} at T = {TEMPERATURES[0]:g},"
        f" gamma = {GAMMA:g}, one thread: median and quartiles of {repetitions} repetitions.",
    )
    html = _rates_table(rates) + page.items(lines)
    html += growth_table(data, "Sweeps of the model of this report.")
    return Section(
        "rates", "Points per second", html, {"benchmark_sweep": drawing}, {"benchmark_rates": rates}
    )


def field_count(network: RandomNetwork) -> int:
    """Number of Gaussian fields on the default branch.

    Examples
    --------
    >>> [field_count(network) for network in MODELS]
    [0, 2, 3]
    """
    free_energy = replica_symmetric(network)
    return len(functional_kernel(free_energy.symmetric or free_energy).fields)


def measure_rates(
    models: Sequence[RandomNetwork], points: Sequence[int], repetitions: int
) -> xr.Dataset:
    """Time a sweep in g for every model and temperature.

    Parameters
    ----------
    models : sequence of RandomNetwork
    points : sequence of int
        Points without fields, with two, and with three.
    repetitions : int

    Returns
    -------
    xarray.Dataset
        ``rate`` over ``model``, ``temperature`` and ``repetition``; ``points``, ``fields`` and
        ``converged`` over the first or the first two. The lowest temperature is left out with
        two fields, and the two lowest with three: they take minutes a point.
    """
    shape = (len(models), len(TEMPERATURES))
    rate = np.full((*shape, repetitions), np.nan)
    converged = np.full(shape, np.nan)
    fields = [field_count(network) for network in models]
    counts = [points[max(0, count - 1)] for count in fields]
    for row, (network, count) in enumerate(zip(models, counts, strict=True)):
        free_energy, g = replica_symmetric(network), np.linspace(*RANGE, count)
        for column, temperature in enumerate(TEMPERATURES):
            if column > 3 - max(1, fields[row]):
                continue
            kept: list[xr.Dataset] = []

            def sweep(T: float = temperature, kept: list[xr.Dataset] = kept) -> None:
                kept[:] = [solve(free_energy, g, GAMMA, T)]  # noqa: B023  (called in this turn)

            rate[row, column] = count / alternate({"solve": sweep}, repetitions)["solve"]
            converged[row, column] = float(kept[0].converged.mean())
    names = [describe(network) for network in models]
    return xr.Dataset(
        {
            "rate": (
                ("model", "temperature", "repetition"), rate,
                {"long_name": "solved points per second", "units": "1/s"},
            ),
            "converged": (
                ("model", "temperature"), converged,
                {"long_name": "share of points that converged", "units": "1"},
            ),
            "points": ("model", counts, {"long_name": "points of a sweep", "units": "1"}),
            "fields": ("model", fields, {"long_name": "number of Gaussian fields", "units": "1"}),
        },
        {
            "model": ("model", names, {"long_name": "model", "units": "1"}),
            "temperature": (
                "temperature", list(TEMPERATURES), {"long_name": "temperature T", "units": "1"},
            ),
        },
    )  # fmt: skip


def _rates_table(rates: xr.Dataset) -> str:
    rows = []
    for place in range(rates.sizes["model"]):
        at = rates.isel(model=place)
        for temperature in rates.temperature.values:
            found = spread(at.rate.sel(temperature=temperature).values)
            if np.isfinite(found.median):
                rows.append([
                    str(at.model.values), str(int(at.fields)), f"{temperature:g}",
                    str(int(at.points)), f"{float(at.converged.sel(temperature=temperature)):.0%}",
                    number(found.median, 3), f"{found.low:.3g} to {found.high:.3g}",
                ])  # fmt: skip
    head = ["model", "fields", "T", "points", "converged", "points/s", "quartiles"]
    return page.table(
        head, rows,
        f"Sweeps in g at γ = {GAMMA:g}, to a relative error of 1e-10, one thread, kernels compiled."
        " Fields are the Gaussian fields that are averaged over.",
    )  # fmt: skip
