"""Markov chains whose stationary measure is exp(-E/T), all chains advancing together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.expressions import ModelError
from validation.adaptation import check_positive, steps_of_trajectory
from validation.running import Run, run
from validation.sampling import INTEGRATION_TIME
from validation.walkers import THREE_STAGE, Walkers

if TYPE_CHECKING:
    from numerics.targets import Target
    from validation.running import Observe, Progress


@dataclass(frozen=True)
class Samples:
    """What chains saw.

    Parameters
    ----------
    observed : ndarray, shape (draws, k, S)
        What ``observe`` gave after every draw.
    state : ndarray, shape (N, S)
        The last states.
    acceptance : ndarray, shape (S,)
        Mean acceptance probability after warm-up; 1 for Langevin dynamics without a test.
    step : float
        The step after adaptation: of a trajectory, in units of the target's time, or the time
        step of Langevin dynamics, in the units of its ``dt``.
    divergences : int
        Trajectories after warm-up, of all chains, that became infinite or lost more than 1000 T
        of energy. They were rejected; many of them say that a region is too steep for the step.
    energy : ndarray, shape (draws, S)
        E after every draw, not divided by N.
    """

    observed: np.ndarray
    state: np.ndarray
    acceptance: np.ndarray
    step: float
    divergences: int
    energy: np.ndarray


def hamiltonian(
    target: Target,
    start: np.ndarray,
    temperature: float,
    *,
    draws: int,
    warmup: int,
    generator: np.random.Generator,
    observe: Observe,
    integration_time: float = INTEGRATION_TIME,
    acceptance: float = 0.8,
    step: float | None = None,
    progress: Progress | None = None,
) -> Samples:
    """Sample exp(-E/T) by Hamiltonian Monte Carlo.

    Momenta have variance T, so times do not depend on the temperature. The chains share their
    step, which is adapted in warm-up by dual averaging and constant afterwards, and the number of
    steps, drawn anew for every trajectory. A step has three gradients, see
    `validation.walkers.THREE_STAGE`.

    Parameters
    ----------
    target : Target
        N units or variables.
    start : array_like, shape (N, S)
        A state for every chain.
    temperature : float
        ``T > 0``.
    draws : int
        Trajectories of every chain that are observed.
    warmup : int
        Trajectories before these.
    generator : numpy.random.Generator
        The same seed gives the same bits.
    observe : callable
        States, shape (N, S), which it must not change, to quantities, shape (k, S).
    integration_time : float
        Mean time of a trajectory, in units of the target's time; times are uniform
        between one half and three halves of it. In networks near the edge of chaos short
        trajectories diffuse.
    acceptance : float
        Mean acceptance probability that the step is adapted to.
    step : float, optional
        Of a trajectory, in units of the target's time; if given it is not adapted.
    progress : callable, optional
        Called with the number of trajectories done and of all.

    Returns
    -------
    Samples

    Raises
    ------
    ModelError
        If an argument is out of range, the step is too large to ever be accepted, or states run
        away because the measure cannot be normalised.

    References
    ----------
    Duane et al., Phys. Lett. B 195, 216 (1987); Neal, arXiv 1206.1901; Hoffman & Gelman,
    J. Mach. Learn. Res. 15, 1593 (2014).

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x", "y"], ["-x - y", "x - y"]))
    >>> samples = hamiltonian(
    ...     target, np.zeros((2, 50)), 0.3, draws=200, warmup=100,
    ...     generator=np.random.default_rng(1), observe=lambda x: x**2,
    ... )  # E = x^2 + y^2
    >>> bool(abs(samples.observed.mean() - 0.15) < 0.01)
    True
    """
    check_positive("integration_time", integration_time)

    walkers = Walkers(target, start, _one(temperature), generator, THREE_STAGE)

    def move(sizes: np.ndarray) -> np.ndarray:
        return walkers.move(_common(sizes), steps_of_trajectory(sizes, integration_time, generator))

    return _samples(run(walkers, move, draws, warmup, observe, acceptance, step, progress))


def metropolis_langevin(
    target: Target,
    start: np.ndarray,
    temperature: float,
    *,
    draws: int,
    warmup: int,
    generator: np.random.Generator,
    observe: Observe,
    acceptance: float = 0.574,
    step: float | None = None,
    progress: Progress | None = None,
) -> Samples:
    """Sample exp(-E/T) by the Metropolis-adjusted Langevin algorithm.

    Proposals are Euler steps ``x - step grad E + sqrt(2 T step) xi`` of the Langevin dynamics.
    This is Hamiltonian Monte Carlo with one leapfrog step of size ``sqrt(2 step)``; it moves by
    diffusion and needs many more draws than long trajectories.

    Parameters
    ----------
    target, start, temperature, draws, warmup, generator, observe, progress
        As for `hamiltonian`; a draw is one step.
    acceptance : float
        Mean acceptance probability that the step is adapted to, by default the one that is
        optimal in many dimensions.
    step : float, optional
        Time step of the Langevin dynamics; if given it is not adapted.

    Returns
    -------
    Samples

    Raises
    ------
    ModelError
        As `hamiltonian`.

    References
    ----------
    Roberts & Rosenthal, J. R. Stat. Soc. B 60, 255 (1998).

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x"], ["-x"]))
    >>> samples = metropolis_langevin(
    ...     target, np.zeros((1, 50)), 0.3, draws=500, warmup=200,
    ...     generator=np.random.default_rng(1), observe=lambda x: x**2,
    ... )  # E = x^2/2
    >>> bool(abs(samples.observed.mean() - 0.3) < 0.02)
    True
    """
    if step is not None:
        check_positive("step", step)
    time = target.scales.time
    leapfrog = None if step is None else float(np.sqrt(2 * step)) / time
    walkers = Walkers(target, start, _one(temperature), generator)

    def move(sizes: np.ndarray) -> np.ndarray:
        return walkers.move(_common(sizes), 1)

    done = run(walkers, move, draws, warmup, observe, acceptance, leapfrog, progress)
    samples = _samples(done)
    return Samples(**{**vars(samples), "step": (samples.step * time) ** 2 / 2})


def _one(temperature: float) -> float:
    """Refuse a ladder where there is one temperature."""
    if np.ndim(temperature):
        msg = f"one temperature for all chains, not {temperature}; see validation.tempering"
        raise ModelError(msg)
    return temperature


def _common(sizes: np.ndarray) -> np.ndarray:
    """One step as a number, which multiplies faster than a row of steps."""
    return sizes if len(sizes) > 1 else sizes[0]


def _samples(done: Run) -> Samples:
    """Result of chains that share one temperature and one step."""
    return Samples(
        observed=done.record.values,
        state=done.walkers.x,
        acceptance=done.acceptance,
        step=float(done.step[0]),
        divergences=done.walkers.divergences,
        energy=done.record.energy,
    )
