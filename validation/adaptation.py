"""Step sizes: a first guess, dual averaging towards an acceptance, the warm-up of all samplers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from validation.walkers import Walkers

    Move = Callable[[np.ndarray], np.ndarray]

MOST_STEPS = 1000
"""Steps of one trajectory at most, however small the step."""

_SMALLEST, _LARGEST = 1e-10, 1e10
_LEAST_ACCEPTANCE, _MANY_DRAWS = 0.01, 50


class StepAdaptation:
    """Dual averaging of the logarithm of step sizes towards an acceptance probability.

    Parameters
    ----------
    step : ndarray
        First guesses, one for every group of chains with a step of its own.
    acceptance : float
        The mean acceptance probability to reach.

    References
    ----------
    Nesterov, Math. Program. 120, 221 (2009); Hoffman & Gelman, J. Mach. Learn. Res. 15, 1593
    (2014), section 3.2, whose constants are used.

    Examples
    --------
    >>> adaptation = StepAdaptation(np.array([1.0]), acceptance=0.8)
    >>> for _ in range(2000):
    ...     adaptation.update(np.exp(-(adaptation.step**2)))
    >>> bool(abs(np.exp(-(adaptation.final**2)) - 0.8)[0] < 0.01)
    True
    """

    def __init__(self, step: np.ndarray, acceptance: float) -> None:
        self.step, self._aim = np.array(step, dtype=float), acceptance
        self._centre = np.log(10 * self.step)
        self._lack, self._average = np.zeros_like(self.step), np.zeros_like(self.step)
        self._count = 0

    def update(self, acceptance: np.ndarray) -> None:
        """Take note of the mean acceptance of every group at the present step."""
        self._count += 1
        share = 1 / (self._count + 10)
        self._lack += share * (self._aim - acceptance - self._lack)
        logarithm = self._centre - np.sqrt(self._count) / 0.05 * self._lack
        logarithm = np.clip(logarithm, np.log(_SMALLEST), np.log(_LARGEST))
        self._average += self._count**-0.75 * (logarithm - self._average)
        self.step = np.exp(logarithm)

    @property
    def final(self) -> np.ndarray:
        """The averaged steps, to be used from now on."""
        return np.exp(self._average)


def reasonable_step(walkers: Walkers, groups: int) -> np.ndarray:
    """Find steps of the right order of magnitude for groups of neighbouring columns.

    Parameters
    ----------
    walkers : Walkers
        They stay where they are.
    groups : int
        How many groups of equal size have a step of their own.

    Returns
    -------
    ndarray, shape (groups,)
        Steps, in units of the target's time, by a factor of two around which the acceptance of
        single steps crosses 1/2.

    Raises
    ------
    ModelError
        If every step down to 1e-10 is rejected.

    References
    ----------
    Hoffman & Gelman, J. Mach. Learn. Res. 15, 1593 (2014), algorithm 4.

    Examples
    --------
    >>> from theory import Dynamics
    >>> from validation.walkers import Walkers
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x"], ["-10*x"]))
    >>> walkers = Walkers(target, np.zeros((1, 40)), 1.0, np.random.default_rng(0))
    >>> bool(0.5 < reasonable_step(walkers, groups=1)[0] < 4)
    True
    """
    step = np.full(groups, 0.5)
    members = walkers.x.shape[1] // groups

    def accepted() -> np.ndarray:
        probability = walkers.move(np.repeat(step, members), 1, accept=False)
        return probability.reshape(groups, members).mean(axis=1) > 0.5

    larger = accepted()
    moving = np.ones(groups, dtype=bool)
    for _ in range(33):
        step[moving] *= np.where(larger, 2.0, 0.5)[moving]
        moving &= accepted() == larger
        if not moving.any():
            break
    if step.min() < 2 * _SMALLEST:
        msg = (
            "even the smallest steps are rejected: is the gradient that of the energy,"
            " and is the start in reach? start nearer to a minimum"
        )
        raise ModelError(msg)
    return step


def steps_of_trajectory(
    step: np.ndarray, integration_time: float, generator: np.random.Generator
) -> int:
    """Draw the number of steps of one trajectory.

    The time is uniform between half and three halves of ``integration_time``, which breaks
    resonances with modes of the system (Mackenzie, Phys. Lett. B 226, 369 (1989)).

    Examples
    --------
    >>> 50 <= steps_of_trajectory(np.array([0.1]), 10.0, np.random.default_rng(0)) <= 150
    True
    """
    time = integration_time * generator.uniform(0.5, 1.5)
    common = np.exp(np.log(step).mean())
    return int(np.clip(np.rint(time / common), 1, MOST_STEPS))


def check_acceptance(acceptance: np.ndarray, step: np.ndarray, draws: int) -> None:
    """Refuse chains of which all, or after many draws one, hardly moved."""
    if acceptance.mean() < _LEAST_ACCEPTANCE:
        msg = (
            f"unstable step: with step {step.min():.3g} only {acceptance.mean():.2%} of the"
            " proposals were accepted; use a smaller step, or leave it out and warm up longer"
        )
        raise ModelError(msg)
    worst = int(acceptance.argmin())
    if draws >= _MANY_DRAWS and acceptance[worst] < _LEAST_ACCEPTANCE:
        msg = (
            f"chain {worst} is stuck: only {acceptance[worst]:.2%} of its proposals were accepted"
            f" with step {step[worst]:.3g}; warm up longer, start it nearer to a minimum or use a"
            " smaller step"
        )
        raise ModelError(msg)


def check_positive(name: str, value: float) -> None:
    """Refuse a number that is not positive and finite."""
    if not (np.isfinite(value) and value > 0):
        msg = f"{name} must be finite and positive, not {value}"
        raise ModelError(msg)


def check_whole(name: str, value: float, least: int) -> None:
    """Refuse a number that is not whole or too small."""
    if not (np.isfinite(value) and value >= least and value == int(value)):
        msg = f"{name} must be a whole number, at least {least}, not {value}"
        raise ModelError(msg)
