"""Section on the samplers: chains side by side, and independent values per second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.instances import Instance
from reports import page
from reports.benchmark_gradient_section import smooth_kernels
from reports.benchmark_growth import draw_growth, growth_table, measure_growth, ratio_words
from reports.benchmark_plain import PlainNetwork, mean_square_activity, plain_leapfrog
from reports.page import number
from reports.sections import Drawing, Section, refused
from reports.timing import alternate, spread
from theory.expressions import ModelError
from validation.langevin import langevin
from validation.samplers import hamiltonian, metropolis_langevin
from validation.statistics import diagnose
from validation.walkers import Walkers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.timing import Call
    from theory.ensembles import RandomNetwork
    from validation.samplers import Samples

G, GAMMA, TEMPERATURE = 0.8, 0.5, 0.3
CHAINS, COUNT, STEP = 64, 5, 1e-3
MANY, ONE, BARE, PLAIN = (
    f"a step of {CHAINS} chains", f"{CHAINS} steps of one chain", "two bare products",
    f"a step of {CHAINS} chains in NumPy",
)  # fmt: skip
SAMPLED = 8
"""Chains of the comparison of samplers."""


def samplers_section(
    network: RandomNetwork,
    *,
    sizes: Sequence[int],
    size: int,
    draws: int,
    repetitions: int,
    seed: int = 0,
) -> Section:
    """Time leapfrog steps and compare how fast samplers forget.

    Parameters
    ----------
    network : RandomNetwork
    sizes : sequence of int
        Numbers of units whose steps are timed.
    size, draws : int
        Units, and draws of every chain of Hamiltonian Monte Carlo, in the comparison of samplers.
    repetitions : int
    seed : int

    Returns
    -------
    Section
    """
    key, heading = "samplers", "Samplers"
    try:
        smooth_kernels(network)
    except ModelError as error:
        return refused(key, heading, str(error))
    steps = measure_growth(lambda units: _steps(network, units, seed), sizes, repetitions)
    # one call makes several steps, and of one chain once for every chain
    shares = xr.where(steps.timed == BARE, 1.0, 1 / COUNT)
    shares = shares * xr.where(steps.timed == ONE, float(CHAINS), 1.0)
    steps["seconds"] = (steps.seconds * shares).transpose(*steps.seconds.dims)
    steps.seconds.attrs = {"long_name": "wall time of one step of all chains", "units": "s"}
    steps.attrs = {"g": G, "gamma": GAMMA, "model": str(network)}
    samplers = compare_samplers(network, size, draws, repetitions, seed)
    lines = [
        f"N = {units}: {ONE} take {ratio_words(steps, ONE, MANY, units)} times as long as"
        f" {MANY}, which takes {ratio_words(steps, MANY, BARE, units)} times the two bare"
        " products of its gradient; in NumPy without kernels it takes"
        f" {ratio_words(steps, PLAIN, MANY, units)} times as long."
        for units in sizes
    ]
    lines.append(
        "The step of the package also gives the energies, and every fifth one draws momenta and"
        " accepts or rejects, which the one in NumPy does not."
    )
    drawing = Drawing(
        draw_growth([steps], "seconds of one leapfrog step of all chains"),
        steps,
        f"Time of one leapfrog step of {CHAINS} chains against N, one thread: median and quartiles"
        f" of {repetitions} repetitions, with fitted powers.",
    )
    table = growth_table(steps, f"One leapfrog step of {CHAINS} chains.", BARE)
    html = page.items(lines) + table + _samplers_table(samplers)
    return Section(
        key, heading, html, {"benchmark_steps": drawing}, {"benchmark_samplers": samplers}
    )


def _steps(network: RandomNetwork, size: int, seed: int) -> dict[str, Call]:
    """Calls that each make `COUNT` leapfrog steps, and the products of one of them."""
    instance = Instance(network, size, seed)
    J, h = instance.draw(G, GAMMA)
    target, generator = instance.target(G, GAMMA), instance.generator("momenta")
    x = generator.standard_normal((size, CHAINS))
    p = generator.standard_normal((size, CHAINS))
    many = Walkers(target, x, TEMPERATURE, generator)
    one = Walkers(target, x[:, :1], TEMPERATURE, generator)
    plain = PlainNetwork(network, J, h)
    slope = plain.gradient(x)
    return {
        MANY: lambda: many.move(STEP, COUNT),
        ONE: lambda: one.move(STEP, COUNT),
        BARE: lambda: (J @ x, J.T @ x),
        PLAIN: lambda: plain_leapfrog(plain.gradient, x, p, slope, STEP, COUNT),
    }


def compare_samplers(
    network: RandomNetwork, size: int, draws: int, repetitions: int, seed: int
) -> xr.Dataset:
    """Effective samples of q per second of three samplers of one drawn network.

    Parameters
    ----------
    network : RandomNetwork
    size, draws : int
    repetitions : int
    seed : int

    Returns
    -------
    xarray.Dataset
        Over ``sampler`` and ``repetition``: ``seconds`` with warm-up, ``ess``, ``r_hat``,
        ``q`` and ``q_error``; and ``rate``, the first two divided.

    Notes
    -----
    Steps without trajectories cost one gradient; a trajectory of Hamiltonian Monte Carlo has
    dozens. The others get 40 times as many draws. Langevin dynamics without a test uses half the
    step that the Metropolis-adjusted one finds; its q has an error of the order of the step.
    """
    instance = Instance(network, size, seed)
    target = instance.target(G, GAMMA)
    square = mean_square_activity(network)
    adapted: list[float] = []
    kept: dict[str, list[Samples]] = {}

    def observe(x: np.ndarray) -> np.ndarray:
        return square(x)[None]

    def stream() -> np.random.Generator:
        return np.random.default_rng([seed, sum(map(len, kept.values()))])

    start = instance.generator("starts").standard_normal((size, SAMPLED))
    long = 40 * draws

    def hmc() -> None:
        kept.setdefault("HMC", []).append(
            hamiltonian(
                target, start, TEMPERATURE, draws=draws, warmup=draws // 2,
                generator=stream(), observe=observe,
            )
        )  # fmt: skip

    def mala() -> None:
        samples = metropolis_langevin(
            target, start, TEMPERATURE, draws=long, warmup=long // 2,
            generator=stream(), observe=observe,
        )  # fmt: skip
        adapted[:] = [samples.step]
        kept.setdefault("MALA", []).append(samples)

    def unadjusted() -> None:
        kept.setdefault("Langevin", []).append(
            langevin(
                target, start, TEMPERATURE, step=adapted[0] / 2, steps=long, warmup=long // 2,
                generator=stream(), observe=observe,
            )
        )  # fmt: skip

    seconds = alternate({"HMC": hmc, "MALA": mala, "Langevin": unadjusted}, repetitions)
    names = list(seconds)
    found = [
        [diagnose(samples.observed[:, 0].T) for samples in kept[name][-repetitions:]]
        for name in names
    ]
    dims = ("sampler", "repetition")

    def column(name: str, meaning: str) -> tuple:
        values = [[getattr(one, name) for one in row] for row in found]
        return dims, values, {"long_name": meaning, "units": "1"}

    data = xr.Dataset(
        {
            "seconds": (
                dims, [seconds[name] for name in names],
                {"long_name": "wall time with warm-up", "units": "s"},
            ),
            "ess": column("ess", "effective samples of q (bulk)"),
            "r_hat": column("r_hat", "R-hat of q"),
            "q": column("mean", "mean of q"),
            "q_error": column("error", "Monte Carlo standard error of q"),
        },
        {"sampler": ("sampler", names, {"long_name": "sampler", "units": "1"})},
        {"g": G, "gamma": GAMMA, "temperature": TEMPERATURE, "size": size, "chains": SAMPLED},
    )  # fmt: skip
    data["rate"] = data.ess / data.seconds
    data.rate.attrs = {"long_name": "effective samples of q per second", "units": "1/s"}
    return data


def _samplers_table(samplers: xr.Dataset) -> str:
    rows = []
    for name in samplers.sampler.values:
        at, best = samplers.sel(sampler=name), samplers.rate.sel(sampler="HMC")
        middle = at.median("repetition")
        rows.append([
            str(name), number(float(middle.seconds), 3), number(float(middle.ess), 3),
            str(spread(at.rate)), str(spread(at.rate / best)), number(float(middle.r_hat), 4),
            number(float(middle.q), 4), number(float(middle.q_error), 2),
        ])  # fmt: skip
    head = [
        "sampler", "seconds", "effective samples", "per second", "of HMC", "R-hat", "q", "error",
    ]  # fmt: skip
    caption = (
        f"Independent values of q of one network of {samplers.attrs['size']} units, {SAMPLED}"
        f" chains, at g = {G:g}, γ = {GAMMA:g}, T = {TEMPERATURE:g}, warm-up included: medians."
        " Where R-hat is far from 1 the chains did not meet and effective samples are too few to"
        " be compared. Langevin dynamics without a Metropolis test has an error of the order of"
        " its step in addition."
    )
    return page.table(head, rows, caption)
