"""The run of all samplers: warm-up with adaptation of the steps, then draws that are observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.expressions import ModelError
from validation.adaptation import (
    StepAdaptation,
    check_acceptance,
    check_positive,
    check_whole,
    reasonable_step,
)
from validation.confinement import Confinement

if TYPE_CHECKING:
    from collections.abc import Callable

    from validation.walkers import Walkers

    Observe = Callable[[np.ndarray], np.ndarray]
    Progress = Callable[[int, int], object]
    Move = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Run:
    """Walkers after a run, what was recorded, acceptance by column and step by group."""

    walkers: Walkers
    record: Record
    acceptance: np.ndarray
    step: np.ndarray


def run(
    walkers: Walkers,
    move: Move,
    draws: int,
    warmup: int,
    observe: Observe,
    acceptance: float,
    step: float | None,
    progress: Progress | None,
    groups: int = 1,
    settled: Callable[[], object] | None = None,
) -> Run:
    """Warm up and observe walkers.

    Parameters
    ----------
    walkers : Walkers
        Columns of one group are neighbours.
    move : callable
        Moves the walkers, given the steps of the groups or of all columns; returns acceptance
        probabilities.
    draws, warmup, observe, acceptance, step, progress
        As for `validation.samplers.hamiltonian`.
    groups : int
        How many groups of equal size have a step of their own.
    settled : callable, optional
        Called after the warm-up.

    Returns
    -------
    Run

    Raises
    ------
    ModelError
        As `validation.samplers.hamiltonian`.

    Examples
    --------
    >>> from theory import Dynamics
    >>> from validation.walkers import Walkers
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x"], ["-x"]))
    >>> walkers = Walkers(target, np.zeros((1, 40)), 1.0, np.random.default_rng(0))
    >>> move = lambda step: walkers.move(step, 1)
    >>> done = run(walkers, move, 200, 500, lambda x: x, 0.8, None, None)
    >>> bool(abs(done.acceptance.mean() - 0.8) < 0.05)
    True
    """
    _check(draws, warmup, acceptance, step)
    sizes = _warm_up(walkers, move, draws, warmup, acceptance, step, progress, groups)
    if settled is not None:
        settled()
    record = Record(observe, draws, walkers.temperature, walkers.scales.origin)
    probability = np.zeros(walkers.x.shape[1])
    for draw in range(draws):
        probability += move(sizes)
        record.take(walkers.x, walkers.energy, walkers.gradient)
        if progress is not None:
            progress(warmup + draw + 1, warmup + draws)
    probability /= draws
    check_acceptance(probability, np.repeat(sizes, len(probability) // groups), draws)
    record.check(groups)
    return Run(walkers, record, probability, sizes)


def _check(draws: int, warmup: int, acceptance: float, step: float | None) -> None:
    """Refuse numbers out of range."""
    check_whole("draws", draws, 1)
    check_whole("warmup", warmup, 0)
    if not 0 < acceptance < 1:
        msg = f"acceptance must lie between 0 and 1, not {acceptance}; 0.8 is a good choice"
        raise ModelError(msg)
    if step is not None:
        check_positive("step", step)
    elif not warmup:
        msg = "without warm-up the step cannot be adapted; use warmup=100 or give a step"
        raise ModelError(msg)


def _warm_up(
    walkers: Walkers,
    move: Move,
    draws: int,
    warmup: int,
    acceptance: float,
    step: float | None,
    progress: Progress | None,
    groups: int,
) -> np.ndarray:
    """Move the walkers ``warmup`` times and return the steps of the groups."""
    columns = walkers.x.shape[1]
    # a start on a steep slope, of one chain, must neither stay there nor hold up the others
    sizes = reasonable_step(walkers, columns) if step is None else np.full(groups, float(step))
    adaptation = StepAdaptation(sizes, acceptance)
    for number in range(warmup):
        if step is None and number == warmup // 2:
            common = np.exp(np.log(adaptation.step).reshape(groups, -1).mean(axis=1))
            adaptation = StepAdaptation(common, acceptance)
        probability = move(adaptation.step if step is None else sizes)
        adaptation.update(probability.reshape(len(adaptation.step), -1).mean(axis=1))
        if progress is not None:
            progress(number + 1, warmup + draws)
    walkers.divergences = 0
    return adaptation.final if step is None else sizes


class Record:
    """Keeps what is observed, and sees whether the states are held together.

    Parameters
    ----------
    observe : callable
        States, shape (N, S), to quantities, shape (k, S); called once for every draw.
    draws : int
        How many times `take` will be called.
    temperature : float or ndarray, shape (S,)
    origin : float
        Of the states.

    Examples
    --------
    >>> record = Record(lambda x: x**2, draws=1, temperature=1.0)
    >>> record.take(np.array([[3.0, 4.0]]), np.zeros(2), np.zeros((1, 2)))
    >>> record.values.tolist()
    [[[9.0, 16.0]]]
    """

    def __init__(
        self,
        observe: Observe,
        draws: int,
        temperature: float | np.ndarray,
        origin: float = 0.0,
    ) -> None:
        self._observe, self._draws, self._taken = observe, draws, 0
        self._watch = Confinement(draws, temperature, origin)
        self.values = self.energy = np.empty(0)

    def take(self, x: np.ndarray, energy: np.ndarray, gradient: np.ndarray) -> None:
        """Observe one draw."""
        quantities = columns_observed(self._observe, x)
        if not self._taken:
            self.values = np.empty((self._draws, *quantities.shape))
            self.energy = np.empty((self._draws, x.shape[1]))
        self.values[self._taken], self.energy[self._taken] = quantities, energy
        self._watch.take(x, gradient)
        self._taken += 1

    def check(self, groups: int = 1) -> None:
        """Refuse runs in which states fly apart; see `validation.confinement.Confinement`."""
        self._watch.check(groups)


def columns_observed(observe: Observe, x: np.ndarray) -> np.ndarray:
    """Observe states and refuse what has not one column for every state."""
    quantities = np.asarray(observe(x))
    if quantities.ndim != 2 or quantities.shape[1] != x.shape[1]:
        msg = (
            f"observe gives an array of shape (quantities, {x.shape[1]}), one column for every"
            f" state, not {quantities.shape}"
        )
        raise ModelError(msg)
    return quantities
