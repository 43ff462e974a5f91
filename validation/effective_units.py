"""Many effective units that move through time together and make the order parameters they feel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular

from validation.linear_response import Path, ProbedResponse, Step

if TYPE_CHECKING:
    from types import ModuleType

_DEPENDENT = 1e-11
"""Share of a variance below which an activity counts as determined by earlier ones."""


@dataclass(frozen=True)
class Equation:
    """Numbers in the equation of motion of the effective unit.

    Parameters
    ----------
    kernels : module
        From `theory.codegen.effective.effective_kernels`.
    drive, noise, memory : float
        What multiplies the mean activity, its correlation as the covariance of the Gaussian
        field, and its response.
    diffusion : float
        D.
    step : float
        Time step.
    """

    kernels: ModuleType
    drive: float
    noise: float
    memory: float
    diffusion: float
    step: float


@dataclass
class OrderParameters:
    """Mean, correlation and response on a grid of times, row by row.

    Parameters
    ----------
    points : int
        Number of times.

    Examples
    --------
    >>> order = OrderParameters(2)
    >>> order.take(0, 0.0, np.array([4.0]), np.array([1.0]), order)
    >>> order.take(1, 0.0, np.array([2.0, 5.0]), np.array([0.5, 1.0]), order)
    >>> order.root.tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """

    points: int
    mean: np.ndarray = field(init=False)
    correlation: np.ndarray = field(init=False)
    response: np.ndarray = field(init=False)
    root: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.mean = np.zeros(self.points)
        self.correlation, self.response, self.root = np.zeros((3, self.points, self.points))

    def take(
        self,
        n: int,
        mean: float,
        correlation: np.ndarray,
        response: np.ndarray,
        before: OrderParameters,
    ) -> None:
        """Set row n, of n + 1 numbers, and extend the Cholesky factor of the rows ``before``."""
        self.mean[n] = mean
        self.correlation[n, : n + 1], self.response[n, : n + 1] = correlation, response
        row = np.zeros(n + 1)
        known = np.flatnonzero(np.diag(before.root)[:n])
        if known.size:
            factor = before.root[np.ix_(known, known)]
            row[known] = solve_triangular(
                factor, correlation[known], lower=True, check_finite=False
            )
        rest = correlation[n] - row @ row
        row[n] = np.sqrt(rest) if rest > _DEPENDENT * correlation[n] else 0.0
        self.root[n, : n + 1] = row


@dataclass(frozen=True)
class Inputs:
    """Random numbers of a batch of S effective units over T steps.

    Parameters
    ----------
    start, constant : ndarray, shape (S,)
        First states and constant fields.
    field : ndarray, shape (T + 1, S)
        Innovations of the Gaussian field.
    wiener : ndarray, shape (T, S)
        Increments of the noise, of unit variance.
    """

    start: np.ndarray
    constant: np.ndarray
    field: np.ndarray
    wiener: np.ndarray


class EffectiveUnits:
    r"""A batch of effective units, advanced by Heun's method.

    The field at a new time needs the order parameters at that time: they come from the predicted
    states for the corrector, and again from the corrected states for the next step.

    Parameters
    ----------
    equation : Equation
    inputs : Inputs
    probed : ProbedResponse, optional
        To feel and measure the own order parameters.
    given : pair of OrderParameters, optional
        Predicted and corrected ones to feel instead. Of the own ones the response is then left
        to `mean_response` with the `path`.
    """

    def __init__(
        self,
        equation: Equation,
        inputs: Inputs,
        probed: ProbedResponse | None = None,
        given: tuple[OrderParameters, OrderParameters] | None = None,
    ) -> None:
        assert (probed is None) != (given is None)
        self.equation, self.inputs, self._probed = equation, inputs, probed
        points, samples = inputs.field.shape
        self.predicted, self.corrected = OrderParameters(points), OrderParameters(points)
        self._felt = given or (self.predicted, self.corrected)
        self.second_moment = np.zeros(points)
        self.path: Path | None = None
        self._activity = np.zeros((points, samples))

    def run(self) -> float | None:
        """Advance to the last time.

        Returns
        -------
        float or None
            The time at which states became infinite, if they did.
        """
        with np.errstate(all="ignore"):
            return self._run()

    def _run(self) -> float | None:
        equation, inputs, step = self.equation, self.inputs, self.equation.step
        activity, motion = equation.kernels.activity, equation.kernels.motion
        amplitude = np.sqrt(2 * equation.diffusion * step)
        steps: list[Step] = []
        x = inputs.start
        for n in range(len(inputs.field)):
            transfer, slope, gain = activity(x)
            self._measure(n, x, transfer, slope, gain)
            if n == len(inputs.wiener):
                break
            zeta, pull = self._field(self._felt[1], n, transfer, slope)
            force, rate = motion(x, zeta, inputs.constant)
            guess = x + step * force + amplitude * inputs.wiener[n]
            next_transfer, next_slope, next_gain = activity(guess)
            self._activity[n] = transfer
            if self._probed:
                self._probed.kick(n, gain, slope)
                self._probed.predict(rate, gain, pull)
                response = self._probed.row(n + 1, next_gain, next_slope, 1 + step * rate)
                self._take(self.predicted, n + 1, next_transfer, response)
            zeta, next_pull = self._field(self._felt[0], n + 1, next_transfer, next_slope)
            next_force, next_rate = motion(guess, zeta, inputs.constant)
            x = x + step / 2 * (force + next_force) + amplitude * inputs.wiener[n]
            if not np.isfinite(x).all():
                return (n + 1) * step
            by = Step(rate, gain, slope, next_rate, next_gain, next_slope)
            if self._probed:
                self._probed.correct(n, by, pull, next_pull)
            else:
                steps.append(by)
        self.path = Path(steps, gain, slope)
        return None

    def _measure(
        self, n: int, x: np.ndarray, transfer: np.ndarray, slope: np.ndarray, gain: np.ndarray
    ) -> None:
        """Average over the corrected states of time n."""
        self.second_moment[n] = x @ x / len(x)
        response = self._probed.row(n, gain, slope) if self._probed else np.zeros(n + 1)
        self._take(self.corrected, n, transfer, response)

    def _take(
        self, order: OrderParameters, n: int, transfer: np.ndarray, response: np.ndarray
    ) -> None:
        earlier = self._activity[:n] @ transfer
        correlation = np.append(earlier, transfer @ transfer) / len(transfer)
        order.take(n, transfer.mean(), correlation, response, self.corrected)

    def _field(
        self, order: OrderParameters, n: int, transfer: np.ndarray, slope: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Field at time n, and its change by the kicks before."""
        equation = self.equation
        root, response = order.root[n, : n + 1], order.response[n, : n + 1]
        zeta = np.sqrt(equation.noise) * (root @ self.inputs.field[: n + 1])
        zeta += equation.drive * order.mean[n]
        if equation.memory and n > 0:
            # trapezoidal rule
            weights = equation.memory * equation.step * response
            weights[[0, n]] *= 0.5
            zeta += weights[:n] @ self._activity[:n] + weights[n] * transfer
        pull = self._probed.pull(response, slope) if self._probed else np.zeros(0)
        return zeta, pull
