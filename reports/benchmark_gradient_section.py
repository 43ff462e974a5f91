"""Section on the gradient: generated kernels, bare matrix products, and NumPy without kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.instances import Instance
from reports import page
from reports.benchmark_growth import (
    draw_growth,
    exponent_words,
    growth_of,
    growth_table,
    measure_growth,
    medians,
    ratio_words,
)
from reports.benchmark_plain import PlainNetwork
from reports.sections import Drawing, Section, refused
from theory.codegen.kernels import network_kernels
from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.timing import Call
    from theory.codegen.kernels import NetworkKernels
    from theory.ensembles import RandomNetwork

G, GAMMA = 1.2, 0.5
STATES = 64
KERNELS, BARE, PLAIN = "generated kernels", "two bare products", "NumPy without kernels"


def gradient_section(
    network: RandomNetwork, *, sizes: Sequence[int], repetitions: int, seed: int = 0
) -> Section:
    """Time the gradient of many states beside what it cannot be faster than.

    Parameters
    ----------
    network : RandomNetwork
    sizes : sequence of int
    repetitions : int
    seed : int
        Of the couplings and states.

    Returns
    -------
    Section
    """
    key, heading = "gradient", "Gradient of the quasi-potential"
    try:
        kernels = smooth_kernels(network)
    except ModelError as error:
        return refused(key, heading, str(error))

    def make(size: int) -> dict[str, Call]:
        instance = Instance(network, size, seed)
        J, h = instance.draw(G, GAMMA)
        fields = h if network.field_std else None
        x = instance.generator("starts").standard_normal((size, STATES))
        plain = PlainNetwork(network, J, h)
        check_equal(plain.gradient(x), kernels.gradient(x, J, fields))
        return {
            KERNELS: lambda: kernels.gradient(x, J, fields),
            BARE: lambda: (J @ x, J.T @ x),
            PLAIN: lambda: plain.gradient(x),
        }

    data = measure_growth(make, sizes, repetitions)
    data.attrs = {"states": STATES, "g": G, "gamma": GAMMA, "model": str(network)}
    largest = max(sizes)
    operations = 4 * largest**2 * STATES
    rates = {name: 1e-9 * operations / medians(data, name)[-1] for name in (KERNELS, BARE)}
    lines = [
        f"At N = {size} the gradient of {STATES} states takes"
        f" {ratio_words(data, KERNELS, BARE, size)} times the two bare products that it contains,"
        f" J c and its transpose; in NumPy without kernels it takes"
        f" {ratio_words(data, PLAIN, BARE, size)} times as long as the products."
        for size in sizes
    ]
    lines += [
        f"At N = {largest} the products of the gradient run at {rates[KERNELS]:.3g}·10⁹ operations"
        f" per second, elementwise work included; the machine's own product at {rates[BARE]:.3g}.",
        "The time grows with N to the power"
        f" {exponent_words(growth_of(data, KERNELS))} (kernels),"
        f" {exponent_words(growth_of(data, BARE))} (products),"
        f" {exponent_words(growth_of(data, PLAIN))} (NumPy); products of a matrix with {STATES}"
        " columns need N^2 operations.",
        "All three gave the same gradient within 1e-12 of its size before they were timed.",
    ]
    drawing = Drawing(
        draw_growth([data], "seconds of one gradient"),
        data,
        f"Time of one gradient of {STATES} states against N, one thread: median and quartiles of"
        f" {repetitions} repetitions, with fitted powers and their exponents.",
    )
    table = growth_table(data, f"One gradient of {STATES} states.", BARE)
    return Section(key, heading, page.items(lines) + table, {"benchmark_gradient": drawing})


def smooth_kernels(network: RandomNetwork) -> NetworkKernels:
    """Compile a network whose quasi-potential has a gradient.

    Raises
    ------
    ModelError
        With the reason, if the model jumps or cannot be compiled.
    """
    kernels = network_kernels(network)
    if "gradient" in kernels.refused:
        raise ModelError(kernels.refused["gradient"])
    return kernels


def check_equal(first: np.ndarray, second: np.ndarray) -> None:
    """Refuse to compare times of different things.

    Raises
    ------
    ModelError
        If two results differ by more than 1e-12 of their size.
    """
    difference = float(np.abs(first - second).max() / np.abs(second).max())
    if not difference < 1e-12:
        msg = f"the plain gradient differs from that of the kernels by {difference:.2g}"
        raise ModelError(msg)
