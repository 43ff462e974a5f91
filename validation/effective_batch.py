"""One batch of effective units: a solution for the order parameters, and a check of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.expressions import ModelError
from validation.effective_units import EffectiveUnits, Equation, Inputs
from validation.linear_response import ProbedResponse, mean_response
from validation.matched import enough, matched_normals, stratified_normals

if TYPE_CHECKING:
    from collections.abc import Callable

    Start = tuple[float, float] | Callable[[np.random.Generator, int], np.ndarray]

_FRESH = 4
"""Units that make the order parameters, for each that checks them."""


@dataclass(frozen=True)
class Solution:
    """Order parameters of a batch on a grid of times.

    Parameters
    ----------
    values : dict
        Mean, correlation, response (lower triangular) and mean square state, by name.
    residuals : dict
        Of the first three: what fresh units make of the order parameters, minus these.
    matched : bool
        Whether the sample covariances of the random numbers were exact.
    diverged : float, optional
        The time at which states became infinite; there are no values then.
    """

    values: dict[str, np.ndarray]
    residuals: dict[str, np.ndarray]
    matched: bool = True
    diverged: float | None = None


@dataclass(frozen=True)
class Batch:
    """What is common to the batches of a problem.

    Parameters
    ----------
    equation : Equation
    start : (mean, standard deviation) or callable
        Law of the first states; a callable gets a generator and a number of samples.
    field_std : float
        Standard deviation of the constant fields.
    steps, samples : int
        Numbers T and S of time steps and of units.
    """

    equation: Equation
    start: Start
    field_std: float
    steps: int
    samples: int

    def solve(self, sequence: np.random.SeedSequence) -> Solution:
        """Solve for the order parameters and check them with fresh units.

        Parameters
        ----------
        sequence : numpy.random.SeedSequence

        Returns
        -------
        Solution

        Raises
        ------
        ModelError
            If the first states are not finite numbers.
        """
        equation = self.equation
        generators = [np.random.default_rng(child) for child in _children(sequence)]
        inputs, probe, matched = self._draw(self.samples, generators[0], probing=True)
        probed = ProbedResponse(equation.step, equation.memory, probe)
        units = EffectiveUnits(equation, inputs, probed)
        diverged = units.run()
        solved = units.corrected
        if diverged is None:
            # a few more if that is what matched numbers need
            count = min(self.samples, enough(2 * self.steps + 5))
            count = max(count, self.samples // _FRESH)
            inputs, _, _ = self._draw(count, generators[1], probing=False)
            fresh = EffectiveUnits(equation, inputs, given=(units.predicted, solved))
            diverged = fresh.run()
        if diverged is not None:
            return Solution({}, {}, matched, diverged)
        found = {"mean": solved.mean, "correlation": solved.correlation}
        again = {"mean": fresh.corrected.mean, "correlation": fresh.corrected.correlation}
        residuals = {name: again[name] - found[name] for name in found}
        found["response"] = solved.response
        if equation.memory:
            assert fresh.path is not None
            felt = np.stack([units.predicted.response, solved.response])
            found["response"] = mean_response(fresh.path, felt, equation.step, equation.memory)
            residuals["response"] = found["response"] - solved.response
        return Solution(found | {"x_squared": units.second_moment}, residuals, matched)

    def _draw(
        self, samples: int, generator: np.random.Generator, *, probing: bool
    ) -> tuple[Inputs, np.ndarray, bool]:
        """Random numbers of so many units, and the sizes of the kicks that probe the response."""
        points, memory = self.steps + 1, bool(self.equation.memory)
        start = start_states(self.start, samples, generator)
        constant = np.zeros(samples)
        if self.field_std:
            constant = self.field_std * stratified_normals(samples, generator)
        rows = [points, self.steps if self.equation.diffusion else 0, points * (probing and memory)]
        given = np.stack([start, constant])
        normals, matched = matched_normals(sum(rows), samples, given, generator)
        field, wiener, probe = np.split(normals, np.cumsum(rows)[:-1])
        if not len(wiener):
            wiener = np.zeros((self.steps, 1))
        if not len(probe):
            probe = np.zeros((points, samples))
        return Inputs(start, constant, field, wiener), probe, matched


def start_states(start: Start, samples: int, generator: np.random.Generator) -> np.ndarray:
    """Draw first states, stratified if they are normal.

    Parameters
    ----------
    start : (mean, standard deviation), or callable
    samples : int
    generator : numpy.random.Generator

    Returns
    -------
    ndarray, shape (samples,)

    Raises
    ------
    ModelError
        If a callable gives something else than so many finite numbers.

    Examples
    --------
    >>> start_states((2.0, 0.0), 3, np.random.default_rng(0)).tolist()
    [2.0, 2.0, 2.0]
    """
    if not callable(start):
        mean, deviation = start
        return mean + deviation * stratified_normals(samples, generator)
    states = np.array(start(generator, samples), dtype=np.float64)
    if states.shape != (samples,) or not np.isfinite(states).all():
        msg = (
            f"start gives {states.shape} for {samples} units; it should give so many finite states"
            " from a generator and a count: lambda generator, count: generator.random(count)"
        )
        raise ModelError(msg)
    return states


def _children(sequence: np.random.SeedSequence) -> list[np.random.SeedSequence]:
    """Two streams; unlike `spawn` this gives the same ones at every call."""
    return [
        np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, number))
        for number in range(2)
    ]
