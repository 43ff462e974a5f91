"""Linear response of effective units to kicks of their field at every earlier time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

_ROWS = 16
"""Times whose memory of earlier times is computed by one product of matrices."""
_BYTES = 2**25
"""Size of the largest array of responses."""


@dataclass
class Step:
    """What moves small changes of S units in one step of Heun's method; all of shape (S,).

    Parameters
    ----------
    rate, gain, slope : ndarray
        Slopes of the force in the state and in the field, and of the transfer function, at the
        beginning.
    next_rate, next_gain, next_slope : ndarray
        The same at the predicted states of the end.
    """

    rate: np.ndarray
    gain: np.ndarray
    slope: np.ndarray
    next_rate: np.ndarray
    next_gain: np.ndarray
    next_slope: np.ndarray


@dataclass
class ProbedResponse:
    r"""Response of moving units, from one linear response for each of them.

    The response to a kick ``dx(s) = b(x(s)) v`` at every earlier time is known without further
    integration if the memory is left out: a step multiplies all of them by the same number. What
    the memory adds is found from one linear response, ``kicked``, to kicks of random sizes v at
    all times, minus the same without memory, ``free``; correlated with v it gives the response to
    each of them.

    Parameters
    ----------
    step : float
        Time step.
    memory : float
        What multiplies the response in the equation of motion.
    probe : ndarray, shape (T + 1, S)
        The sizes of the kicks, uncorrelated and of unit variance; not used without memory.
    """

    step: float
    memory: float
    probe: np.ndarray
    _unkicked: np.ndarray = field(init=False)
    _history: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._unkicked, self._history = np.zeros((2, *self.probe.shape))
        self._kicked, self._free = np.zeros((2, self.probe.shape[1]))
        self._before = self._kicked, self._free

    def pull(self, row: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """Change of the field through the memory at the last time of a row of the response."""
        if len(row) == 1 or not self.memory:
            return np.zeros_like(slope)
        change = row[:-1] @ self._history[: len(row) - 1]
        change += 0.5 * row[-1] * slope * self._kicked
        return self.memory * self.step * change

    def kick(self, n: int, gain: np.ndarray, slope: np.ndarray) -> None:
        """Kick the units at time n."""
        self._unkicked[n] = gain
        if self.memory:
            kick = gain * self.probe[n]
            # the integral over the memory of a kick begins with it, with half a weight
            self._history[n] = slope * (self._kicked + 0.5 * kick)
            self._kicked, self._free = self._kicked + kick, self._free + kick

    def predict(self, rate: np.ndarray, gain: np.ndarray, pull: np.ndarray) -> None:
        """Move to the predicted states."""
        self._before = self._kicked, self._free
        growth = 1 + self.step * rate
        self._kicked = growth * self._kicked + self.step * gain * pull
        self._free = growth * self._free

    def correct(self, n: int, by: Step, pull: np.ndarray, next_pull: np.ndarray) -> None:
        """Move to the corrected states of time n + 1."""
        change = by.rate * self._before[0] + by.gain * pull
        change += by.next_rate * self._kicked + by.next_gain * next_pull
        factor = 1 + self.step / 2 * (by.rate + by.next_rate * (1 + self.step * by.rate))
        self._kicked = self._before[0] + self.step / 2 * change
        self._free = factor * self._before[1]
        self._unkicked[: n + 1] *= factor

    def row(
        self, n: int, gain: np.ndarray, slope: np.ndarray, growth: np.ndarray | float = 1.0
    ) -> np.ndarray:
        """Mean responses at time n to kicks at times 0 to n, shape (n + 1,).

        ``growth`` is what brings responses from the time before to a predicted state.
        """
        response = np.append(self._unkicked[:n] @ (slope * growth), slope @ gain)
        if self.memory:
            response[:n] += self.probe[:n] @ (slope * (self._kicked - self._free))
        return response / len(slope)


@dataclass(frozen=True)
class Path:
    """The slopes of S units along their way of T steps.

    Parameters
    ----------
    steps : list of Step
    gain, slope : ndarray, shape (S,)
        Slope of the force in the field, and of the transfer function, at the last time.
    """

    steps: list[Step]
    gain: np.ndarray
    slope: np.ndarray


def mean_response(path: Path, response: np.ndarray, step: float, memory: float) -> np.ndarray:
    """Average the responses of all units to single kicks at all times, in a given memory.

    Parameters
    ----------
    path : Path
    response : ndarray, shape (2, T + 1, T + 1)
        What the memory at predicted and at corrected states consists of, lower triangular.
    step, memory : float
        Time step, and what multiplies the response in the equation of motion.

    Returns
    -------
    ndarray, shape (T + 1, T + 1)
        Lower triangular.

    Examples
    --------
    A unit that decays at rate 1 without memory:

    >>> one = np.ones(1)
    >>> path = Path([Step(-one, one, one, -one, one, one)], one, one)
    >>> mean_response(path, np.zeros((2, 2, 2)), step=0.1, memory=0.0).round(6).tolist()
    [[1.0, 0.0], [0.905, 1.0]]
    """
    points, samples = len(path.steps) + 1, len(path.slope)
    width = max(1, min(samples, _BYTES // (8 * points**2)))
    total = np.zeros((points, points))
    for first in range(0, samples, width):
        columns = slice(first, min(first + width, samples))
        total += _summed_response(path, response, step, memory, columns)
    return total / samples


def _summed_response(
    path: Path, response: np.ndarray, step: float, memory: float, columns: slice
) -> np.ndarray:
    """Sum the responses of some units; kicks are rows and units columns."""
    points, width = len(path.steps) + 1, columns.stop - columns.start
    total = np.zeros((points, points))
    history = np.zeros((points, points * width))
    change, pull = np.zeros((2, points, width))
    for n, by in enumerate(path.steps):
        gain, slope = by.gain[columns], by.slope[columns]
        next_slope = path.steps[n + 1].slope if n + 2 < points else path.slope
        change[n] = gain
        total[n, n] = slope @ gain
        # the integral over the memory of a kick begins with it, with half a weight
        history[n, n * width : (n + 1) * width] = 0.5 * slope * gain
        # the memory of all but the latest times, for several rows at once
        begin = n - n % _ROWS
        if n == begin:
            rows = response[:, n + 1 : n + 1 + _ROWS, :begin]
            early = np.concatenate(rows) @ history[:begin, : begin * width]
            early = early.reshape(2, rows.shape[1], begin * width)
        past = response[:, n + 1, begin : n + 1] @ history[begin : n + 1, : (n + 1) * width]
        past[:, : begin * width] += early[:, n - begin]
        past = past.reshape(2, n + 1, width)
        now, pulled, edge = change[: n + 1], pull[: n + 1], 0.5 * response[:, n + 1, n + 1]
        motion = by.rate[columns] * now + gain * pulled
        guess = now + step * motion
        motion += by.next_rate[columns] * guess
        guess *= edge[0] * by.next_slope[columns]
        guess += past[0]
        guess *= memory * step * by.next_gain[columns]
        motion += guess
        now += step / 2 * motion
        seen = next_slope[columns] * now
        total[n + 1, : n + 1] = seen.sum(axis=1)
        history[n + 1, : (n + 1) * width] = seen.ravel()
        pulled[:] = memory * step * (edge[1] * seen + past[1])
    total[-1, -1] = path.slope[columns] @ path.gain[columns]
    return total
