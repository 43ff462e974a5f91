"""Section on the dynamics with noise: our integrator, Euler's method in NumPy, and jitcsde."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from numerics.instances import Instance
from reports import page
from reports.benchmark_growth import (
    draw_growth,
    growth_dataset,
    growth_table,
    ratio_words,
)
from reports.benchmark_jitcsde import compiled_network, integrate
from reports.benchmark_plain import PlainNetwork, euler_maruyama, mean_square_activity
from reports.page import number
from reports.sections import Drawing, Section, refused
from reports.timing import alternate, fit_growth
from theory.expressions import ModelError
from validation.statistics import diagnose
from validation.trajectories import simulate_dynamics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr

    from theory.ensembles import RandomNetwork

G, GAMMA, NOISE = 0.8, 0.5, 0.1
STEP, EULER_STEP, TOLERANCE = 0.1, 0.02, 1e-3
"""Of our integrator, of Euler's method, whose error per step is of lower order, and of jitcsde."""
TOGETHER = 64
ONE, MANY, EULER, JITCSDE = (
    "restpoint, one trajectory", f"restpoint, one of {TOGETHER} at once",
    "NumPy, Euler-Maruyama", "jitcsde",
)  # fmt: skip
FORGOTTEN = 0.1
"""Share of every trajectory that is not averaged."""


def dynamics_section(
    network: RandomNetwork,
    *,
    sizes: Sequence[int],
    duration: float,
    repetitions: int,
    seed: int = 0,
) -> Section:
    """Integrate the same drawn networks by several programs.

    Parameters
    ----------
    network : RandomNetwork
    sizes : sequence of int
    duration : float
        Of every trajectory, in units of the single-unit time constant.
    repetitions : int
        Trajectories with their own random numbers; at least 2.
    seed : int

    Returns
    -------
    Section
    """
    key, heading = "dynamics", "Dynamics with noise"
    measured, errors, values, compiling = [], [], [], []
    reason = ""
    try:
        for size in sizes:
            one = _Comparison(network, size, duration, repetitions, seed)
            measured.append(one.seconds)
            values.append(one.values)
            errors.append(one.step_error)
            compiling.append(one.compiling)
            reason = reason or one.reason
    except ModelError as error:
        return refused(key, heading, str(error))
    data = growth_dataset(measured, sizes)
    compiled = np.array(compiling)
    data["compiling"] = (
        "N", compiled, {"long_name": "wall time of jitcsde's compilation", "units": "s"},
    )  # fmt: skip
    data["step_error"] = (
        "N", errors,
        {"long_name": "largest relative error of a step of restpoint", "units": "1"},
    )  # fmt: skip
    for index, (name, meaning) in enumerate(
        (("mean_square", "mean of c^2"), ("mean_square_error", "standard error of the mean of c^2"))
    ):
        table = [
            [value.get(str(method), (np.nan, np.nan))[index] for value in values]
            for method in data.timed.values
        ]
        data[name] = (("timed", "N"), table, {"long_name": meaning, "units": "1"})
    data.attrs = {"g": G, "gamma": GAMMA, "noise": NOISE, "duration": duration,
                  "model": str(network), "jitcsde": reason or "compiled"}  # fmt: skip
    html = page.items(_words(data, reason))
    html += growth_table(data, f"One trajectory of duration {duration:g}.", ONE) + _values(data)
    drawing = Drawing(
        draw_growth([data], "seconds of one trajectory"),
        data,
        f"Wall time of one trajectory of duration {duration:g} at g = {G:g}, gamma = {GAMMA:g},"
        f" D = {NOISE:g} against N, one thread, compilation not included: median and quartiles of"
        f" {repetitions} repetitions, with fitted powers.",
    )
    return Section(key, heading, html, {"benchmark_dynamics": drawing})


class _Comparison:
    """Seconds and results of all programs for one drawn network."""

    def __init__(
        self, network: RandomNetwork, size: int, duration: float, repetitions: int, seed: int
    ) -> None:
        instance = Instance(network, size, seed)
        J, h = instance.draw(G, GAMMA)
        target = instance.target(G, GAMMA)
        plain, square = PlainNetwork(network, J, h), mean_square_activity(network)
        start = instance.generator("starts").standard_normal((size, TOGETHER))
        times = np.arange(1.0, duration + 0.5)
        kept: dict[str, list[np.ndarray]] = {}
        self.compiling, self.reason, self.step_error = np.nan, "", np.nan

        def keep(name: str, path: np.ndarray) -> None:
            """Mean squares, shape (chains, times), without the beginning."""
            drawn = square(path[int(FORGOTTEN * len(path)) :])
            kept.setdefault(name, []).append(drawn.T)

        def ours(name: str, chains: int) -> Callable[[], None]:
            def call() -> None:
                found = simulate_dynamics(
                    target, start[:, :chains], duration, step=STEP, noise=NOISE,
                    seed=seed + len(kept.get(name, [])), every=round(1 / STEP),
                )  # fmt: skip
                self.step_error = found.attrs["step_error"]
                keep(name, found.x.values[1:].transpose(0, 2, 1))

            return call

        def euler() -> None:
            generator = np.random.default_rng([seed, len(kept.get(EULER, []))])
            path = euler_maruyama(
                plain.drift, start[:, :1], duration, step=EULER_STEP, noise=NOISE,
                every=round(1 / EULER_STEP), generator=generator,
            )  # fmt: skip
            keep(EULER, path)

        calls: dict[str, Callable[[], None]] = {
            ONE: ours(ONE, 1), MANY: ours(MANY, TOGETHER), EULER: euler,
        }  # fmt: skip
        with ExitStack() as stack:
            try:
                integrator, self.compiling = stack.enter_context(
                    compiled_network(network, J, h, NOISE)
                )
            except ModelError as error:
                self.reason = str(error)
            else:

                def by_jitcsde() -> None:
                    number = seed + 1 + len(kept.get(JITCSDE, []))
                    path = integrate(integrator, start[:, 0], times, TOLERANCE, number)
                    keep(JITCSDE, path[:, :, None])

                calls[JITCSDE] = by_jitcsde
            self.seconds = alternate(calls, repetitions)
        self.seconds[MANY] /= TOGETHER
        self.values = {}
        for name, drawn in kept.items():
            found = diagnose(np.concatenate(drawn))
            self.values[name] = (found.mean, found.error)


def _words(data: xr.Dataset, reason: str) -> list[str]:
    lines = []
    methods = [str(method) for method in data.timed.values]
    for size in data.N.values:
        words = (
            f"N = {size}: {EULER} with step {EULER_STEP:g} takes"
            f" {ratio_words(data, EULER, ONE, size)} times as long as {ONE}, with step {STEP:g} and"
            f" a relative error of a step of {number(float(data.step_error.sel(N=size)), 2)};"
            f" of {TOGETHER} trajectories at once each takes {ratio_words(data, MANY, ONE, size)}"
            " times as long as one alone."
        )
        if np.isfinite(data.compiling.sel(N=size)):
            words += (
                f" jitcsde, with tolerance {TOLERANCE:g}, takes"
                f" {ratio_words(data, JITCSDE, ONE, size)} times as long as {ONE}, after"
                f" {number(float(data.compiling.sel(N=size)), 3)} s of compilation."
            )
        lines.append(words)
    if JITCSDE in methods:
        growth = fit_growth(data.N.values, data.compiling.values)
        lines.append(
            f"The compilation of jitcsde grows with N to the power {growth.exponent:.2f}: every"
            " coupling is written into the code. Kernels of restpoint hold for all networks of a"
            " model and are compiled once."
        )
    if reason:
        lines.append(f"jitcsde is not compared everywhere: {reason}.")
    return lines


def _values(data: xr.Dataset) -> str:
    rows = []
    for size in data.N.values:
        for method in map(str, data.timed.values):
            at = data.sel(timed=method, N=size)
            reference = data.sel(timed=MANY, N=size)
            if np.isfinite(at.mean_square):
                error = np.hypot(at.mean_square_error, reference.mean_square_error)
                z = float((at.mean_square - reference.mean_square) / error)
                apart = "" if method == MANY else f"{z:+.1f}"
                value, own = float(at.mean_square), float(at.mean_square_error)
                rows.append([str(size), method, number(value, 4), number(own, 2), apart])
    return page.table(
        ["N", "method", "mean of c²", "standard error", "difference in standard errors"],
        rows,
        "Time averages of all trajectories: the programs integrate the same. The difference is"
        f" that from {MANY}; errors contain the correlation in time.",
    )
