"""Section on the order parameters: the rate of the solver, and what else would give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.benchmark_limit_part import limit_part
from reports.benchmark_monte_carlo_part import monte_carlo_part
from reports.benchmark_rates import rates_part
from reports.sections import Section, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from theory.ensembles import RandomNetwork


def solver_section(
    network: RandomNetwork,
    *,
    points: Sequence[int],
    sweeps: Sequence[int],
    samples: Sequence[int],
    draws: int,
    diagram: int,
    repetitions: int,
    seed: int = 0,
) -> Section:
    """Time the solver by model, temperature and number of points, beside plain baselines.

    Parameters
    ----------
    network : RandomNetwork
    points, sweeps : sequence of int
        As for `reports.benchmark_rates.rates_part`.
    samples, draws
        As for `reports.benchmark_monte_carlo_part.monte_carlo_part`.
    diagram : int
        As ``points`` of `reports.benchmark_limit_part.limit_part`.
    repetitions : int
    seed : int

    Returns
    -------
    Section
    """
    parts = [
        rates_part(network, points=points, sweeps=sweeps, repetitions=repetitions),
        limit_part(network, points=diagram, repetitions=20 * repetitions),
        monte_carlo_part(network, samples=samples, draws=draws, repetitions=repetitions, seed=seed),
    ]
    return joined("solver", "Order parameters", parts)
