"""Section on the search of fixed points: zeros per second, beside a plain root finder."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import root

from numerics.homotopy import ZERO, follow_to_zero
from numerics.instances import Instance
from numerics.trust_region import minimise
from reports import page
from reports.benchmark_growth import draw_growth, exponent_words, growth_dataset, growth_of
from reports.page import number
from reports.sections import Drawing, Section, refused
from theory.critical_lines import response_singularity
from theory.expressions import ModelError
from validation.search import REST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr

    from theory.ensembles import RandomNetwork

RATIO, GAMMA = 1.5, 0.0
"""Coupling in units of that at which the response becomes singular, and reciprocity."""
HOMOTOPY, NEWTON = "homotopy", "Newton, products only"
LEVENBERG = "Levenberg-Marquardt, products only"
PLAIN = "SciPy's lm without Jacobian"
_PLAIN_LARGEST = 100


class Search(NamedTuple):
    """Seconds of one search, and how it ended."""

    seconds: float
    zero: bool
    at_rest: bool


def fixed_points_section(
    network: RandomNetwork, *, sizes: Sequence[int], repetitions: int, seed: int = 0
) -> Section:
    """Time searches from single random starts.

    Parameters
    ----------
    network : RandomNetwork
    sizes : sequence of int
    repetitions : int
        Starts in the network of every size.
    seed : int
        Of the couplings and starts.

    Returns
    -------
    Section
    """
    key, heading = "fixed-points", "Fixed points per second"
    try:
        g = RATIO * float(response_singularity(network).at(GAMMA))
        table = {size: _searches(network, g, size, repetitions, seed) for size in sizes}
    except ModelError as error:
        return refused(key, heading, str(error))
    data = growth_dataset(
        [{n: np.array([s.seconds for s in runs]) for n, runs in table[k].items()} for k in sizes],
        sizes,
    )
    data = _with_ends(data, table)
    drawing = Drawing(
        draw_growth([data], "seconds of one search"),
        data,
        "Time of one search of a fixed point against N, one thread: median and quartiles over"
        f" {repetitions} random starts, with fitted powers and their exponents.",
    )
    words = page.items(_lines(data, table, g)) + _table(table)
    return Section(key, heading, words, {"benchmark_fixed_points": drawing})


def _searches(
    network: RandomNetwork, g: float, size: int, repetitions: int, seed: int
) -> dict[str, list[Search]]:
    """Search from the same starts by every method, in turn."""
    instance = Instance(network, size, seed)
    target = instance.target(g, GAMMA)
    scales = instance.scales
    starts = scales.states(instance.generator("starts").standard_normal((size, repetitions)))
    calls: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        HOMOTOPY: lambda x: follow_to_zero(target, x).state,
        NEWTON: lambda x: minimise(target, x[:, None]).state[:, 0],
        LEVENBERG: lambda x: minimise(target, x[:, None], model="gauss_newton").state[:, 0],
    }
    if size <= _PLAIN_LARGEST:
        calls[PLAIN] = lambda x: (
            root(lambda y: target.drift(y[:, None])[:, 0], x, method="lm", tol=1e-12).x
        )
    found: dict[str, list[Search]] = {name: [] for name in calls}
    for call in calls.values():
        call(starts[:, 0])  # loads what is compiled
    for k in range(repetitions):
        for name, call in calls.items():
            begin = time.perf_counter()
            state = call(starts[:, k])
            seconds = time.perf_counter() - begin
            speed = np.linalg.norm(target.drift(state[:, None])) / np.sqrt(size)
            away = np.sqrt(((state - scales.origin) ** 2).mean())
            at_rest = away < REST * scales.width()
            found[name].append(Search(seconds, bool(speed < ZERO), bool(at_rest)))
    return found


def _with_ends(data: xr.Dataset, table: dict[int, dict[str, list[Search]]]) -> xr.Dataset:
    for name, text in (("zero", "part of the ends that are zeros"), ("at_rest", "x = 0 of them")):
        values = [
            [
                float(np.mean([getattr(s, name) for s in runs[m]])) if m in runs else np.nan
                for runs in table.values()
            ]
            for m in data.timed.values
        ]
        data[name] = (("timed", "N"), values, {"long_name": text, "units": "1"})
    return data


def _lines(data: xr.Dataset, table: dict[int, dict[str, list[Search]]], g: float) -> list[str]:
    lines = [f"One network of every size at g = {g:g}, γ = {GAMMA:g}; the same random starts."]
    for size, runs in table.items():
        parts = []
        for name, searches in runs.items():
            zeros = sum(s.zero and not s.at_rest for s in searches)
            rate = zeros / sum(s.seconds for s in searches)
            parts.append(f"{name} {number(rate, 3)}")
        lines.append(f"N = {size}, zeros not at rest per second: {'; '.join(parts)}.")
    grown = "; ".join(f"{m} {exponent_words(growth_of(data, m))}" for m in data.timed.values)
    lines.append(f"Time grows with N to the power: {grown}.")
    lines.append(f"The {HOMOTOPY} factorises an N x N matrix in every step, which costs N^3.")
    return lines


def _table(table: dict[int, dict[str, list[Search]]]) -> str:
    rows = []
    for size, runs in table.items():
        for name, searches in runs.items():
            seconds = number(float(np.median([s.seconds for s in searches])), 3)
            zeros = sum(s.zero and not s.at_rest for s in searches)
            rest = sum(s.zero and s.at_rest for s in searches)
            others = len(searches) - zeros - rest
            rows.append([f"{size}", name, seconds, f"{zeros}", f"{rest}", f"{others}"])
    head = ["N", "method", "seconds", "zeros", "at rest", "others"]
    return page.table(head, rows, "Searches from the same random starts: median time, and ends")
