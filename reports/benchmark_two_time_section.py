"""Section on the two-time mean field: time and memory, beside simulated networks."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from reports import page
from reports.benchmark_growth import (
    draw_growth,
    growth_of,
    growth_table,
    growth_words,
    measure_growth,
)
from reports.page import number
from reports.sections import Drawing, Section, refused
from reports.timing import alternate, fit_growth, spread
from theory.expressions import ModelError
from validation.two_time import dynamical_mean_field
from validation.two_time_networks import network_correlations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.timing import Call
    from theory.ensembles import RandomNetwork

G, GAMMA, NOISE, DURATION = 0.8, 0.5, 0.1, 10.0
SOLVER = "two-time solver"


def two_time_section(
    network: RandomNetwork,
    *,
    trajectories: Sequence[int],
    steps: Sequence[int],
    size: int,
    networks: int,
    repetitions: int,
    seed: int = 0,
) -> Section:
    """Measure time and memory of the two-time solver against the numbers that it grows with.

    Parameters
    ----------
    network : RandomNetwork
    trajectories, steps : sequence of int
        Effective units, with the smallest number of steps; time steps, with the largest number
        of units.
    size, networks : int
        Of the simulation that it is compared with.
    repetitions : int
    seed : int

    Returns
    -------
    Section
    """
    key, heading = "two-time", "Two-time mean field"

    def solved(units: int, count: int) -> xr.Dataset:
        return dynamical_mean_field(
            network, G, GAMMA, DURATION, noise=NOISE, trajectories=units, steps=count, seed=seed
        )

    def by_units(units: int) -> dict[str, Call]:
        return {SOLVER: lambda: solved(units, min(steps))}

    def by_steps(count: int) -> dict[str, Call]:
        return {SOLVER: lambda: solved(max(trajectories), count)}

    try:
        of_units = measure_growth(
            by_units, trajectories, repetitions, size_name="trajectories",
            size_meaning="number of trajectories", least=0.0,
        )  # fmt: skip
        of_steps = measure_growth(
            by_steps, steps, repetitions, size_name="steps", size_meaning="number of time steps",
            least=0.0,
        )  # fmt: skip
        beside = compare_networks(
            network, (max(trajectories), min(steps)), size, networks, repetitions, seed
        )
    except ModelError as error:
        return refused(key, heading, str(error))
    for data, make in ((of_units, by_units), (of_steps, by_steps)):
        name = str(data.seconds.dims[1])
        memory = [peak_memory(make(int(value))[SOLVER]) for value in data[name].values]
        words = {"long_name": "largest memory of arrays", "units": "MB"}
        data["memory"] = (name, memory, words)
        data.attrs = {"g": G, "gamma": GAMMA, "noise": NOISE, "duration": DURATION,
                      "model": str(network)}  # fmt: skip
    of_units.attrs["steps"], of_steps.attrs["trajectories"] = min(steps), max(trajectories)
    lines = [*_growth_words(of_units), *_growth_words(of_steps), *_beside_words(beside)]
    drawing = Drawing(
        draw_growth([of_units, of_steps], "seconds of one solution"),
        xr.merge([of_units.rename(_renamed("trajectories")), of_steps.rename(_renamed("steps"))]),
        f"Time of one solution at g = {G:g}, gamma = {GAMMA:g}, D = {NOISE:g} up to time"
        f" {DURATION:g}, one thread: median and quartiles of {repetitions} repetitions, with"
        f" fitted powers. Left: with {min(steps)} steps. Right: with {max(trajectories)}"
        " trajectories.",
    )
    html = page.items(lines)
    html += growth_table(of_units, f"One solution with {min(steps)} steps.")
    html += growth_table(of_steps, f"One solution with {max(trajectories)} trajectories.")
    return Section(
        key, heading, html, {"benchmark_two_time": drawing}, {"benchmark_two_time_networks": beside}
    )


def _renamed(name: str) -> dict[str, str]:
    return {variable: f"{variable}_by_{name}" for variable in ("seconds", "memory")}


def peak_memory(call: Call) -> float:
    """Measure the largest memory that arrays take during a call, in MB.

    Examples
    --------
    >>> 7.9 < peak_memory(lambda: np.ones(10**6)) < 8.2
    True
    """
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def compare_networks(
    network: RandomNetwork,
    resolution: tuple[int, int],
    size: int,
    networks: int,
    repetitions: int,
    seed: int,
) -> xr.Dataset:
    """Time the solver and simulated networks, with the statistical error that each reaches.

    Parameters
    ----------
    network : RandomNetwork
    resolution : (int, int)
        Trajectories and time steps of the solver.
    size, networks : int
        Of the simulation, with one trajectory in every network.
    repetitions : int
    seed : int

    Returns
    -------
    xarray.Dataset
        Over ``program`` and ``repetition``: ``seconds``; over ``program``: ``error``, the root
        mean square standard error of the correlation of the activity over all pairs of the times
        that are recorded in the networks.

    Raises
    ------
    ModelError
        If the solver does not converge.
    """
    trajectories, steps = resolution
    found: dict[str, xr.Dataset] = {}

    def solver() -> None:
        found["solver"] = dynamical_mean_field(
            network, G, GAMMA, DURATION, noise=NOISE, trajectories=trajectories, steps=steps,
            seed=seed,
        )  # fmt: skip

    def simulation() -> None:
        # without a directory every repetition is simulated anew
        found["networks"] = network_correlations(
            network, G, GAMMA, DURATION, noise=NOISE, size=size, networks=networks, step=0.1,
            every=10, chains=1, seed=seed,
        )  # fmt: skip

    seconds = alternate({"solver": solver, "networks": simulation}, repetitions)
    if not found["solver"].converged:
        raise ModelError(str(found["solver"].reason.item()))
    places = {name: found["networks"][name] for name in ("time", "time_prime")}
    at = found["solver"].correlation_standard_error.sel(places, method="nearest")
    simulated = found["networks"].correlation_standard_error
    errors = [float(np.sqrt((values**2).mean())) for values in (at, simulated)]
    return xr.Dataset(
        {
            "seconds": (
                ("program", "repetition"), [seconds["solver"], seconds["networks"]],
                {"long_name": "wall time", "units": "s"},
            ),
            "error": (
                "program", errors,
                {"long_name": "standard error of the correlation <c(t) c(t')>", "units": "1"},
            ),
        },
        {
            "program": (
                "program", ["solver", "networks"], {"long_name": "what was run", "units": "1"},
            )
        },
        {"trajectories": trajectories, "steps": steps, "size": size, "networks": networks},
    )  # fmt: skip


def _growth_words(data: xr.Dataset) -> list[str]:
    name = str(data.seconds.dims[1])
    meaning = data[name].attrs["long_name"]
    memory = fit_growth(data[name].values, data.memory.values)
    return [
        f"Time grows with the {meaning} to the power {growth_words(growth_of(data, SOLVER))},"
        f" memory to the power {growth_words(memory)}, up to"
        f" {number(float(data.memory[-1]), 3)} MB of arrays at {int(data[name][-1])}."
    ]


def _beside_words(beside: xr.Dataset) -> list[str]:
    solver, networks = (beside.sel(program=name) for name in ("solver", "networks"))
    share = float(networks.error / solver.error) ** 2
    ratio = spread(networks.seconds / solver.seconds * share)
    size, count = beside.attrs["size"], beside.attrs["networks"]
    return [
        f"The solver with {beside.attrs['trajectories']} trajectories takes"
        f" {spread(solver.seconds)} s and reaches a standard error of the correlation of"
        f" {number(float(solver.error), 2)}; {count} networks of {size} units take"
        f" {spread(networks.seconds)} s and reach {number(float(networks.error), 2)}. For the same"
        f" error there would have to be {share * count:.3g} networks, which would take {ratio}"
        " times as long as the solver, and would still contain the effects of a finite size.",
    ]
