"""Single time steps of the original dynamics, and how they are found to be too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from numerics.targets import Target

    States = np.ndarray

LARGEST_STEP_ERROR = 0.05
"""Relative change of one step under halving beyond which the step is refused."""


def advance(
    drift: Callable[[States], States],
    states: States,
    step: float,
    noise: float = 0.0,
    increment: ArrayLike = 0.0,
    integral: ArrayLike = 0.0,
) -> States:
    r"""Advance states by one step of SRA1, of strong order 3/2 for additive noise.

    Two evaluations of the drift; of order 2 without noise.

    Parameters
    ----------
    drift : callable
        F, states to their rates of change.
    states : ndarray, shape (N, S)
    step : float
        h.
    noise : float, optional
        D.
    increment, integral : array_like, shape (N, S), optional
        :math:`\Delta W = W(t + h) - W(t)` and :math:`\int_t^{t+h} (W(s) - W(t)) ds` of the
        Wiener processes, as of `brownian`.

    Returns
    -------
    ndarray, shape (N, S)

    References
    ----------
    Roessler, SIAM J. Numer. Anal. 48, 922 (2010), scheme SRA1.

    Examples
    --------
    >>> advance(lambda x: -x, np.array([[1.0]]), 0.1).tolist()
    [[0.905]]
    """
    amplitude = np.sqrt(2 * noise)
    first = drift(states)
    middle = states + 0.75 * step * first + 1.5 * amplitude / step * np.asarray(integral)
    second = drift(middle)
    return states + step / 3 * (first + 2 * second) + amplitude * np.asarray(increment)


def brownian(normals: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Make the two integrals of a Wiener process over a step that `advance` needs.

    Parameters
    ----------
    normals : ndarray, shape (2, ...)
        Independent standard normal numbers.
    step : float
        h.

    Returns
    -------
    increment, integral : ndarray, shape (...)
        Of variances h and :math:`h^3/3` and covariance :math:`h^2/2`.

    Examples
    --------
    >>> increment, integral = brownian(np.array([[2.0], [0.0]]), 0.25)
    >>> increment.item(), integral.item()
    (1.0, 0.125)
    """
    increment = np.sqrt(step) * normals[0]
    return increment, 0.5 * step * (increment + np.sqrt(step / 3) * normals[1])


def checked_start(target: Target, start: ArrayLike) -> np.ndarray:
    """Give a copy of the first states, or refuse them.

    Parameters
    ----------
    target : Target
    start : array_like, shape (N, S)

    Returns
    -------
    ndarray, shape (N, S)

    Raises
    ------
    ModelError
        If the shape does not fit or a state is not finite.

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> checked_start(dynamics_target(Dynamics(["x"], ["-x"])), [[1, 2]]).tolist()
    [[1.0, 2.0]]
    """
    states = np.array(start, dtype=np.float64)
    if states.ndim != 2 or len(states) != target.size or not states.size:
        raise ModelError(
            f"start has shape {states.shape}; give one trajectory a column, shape"
            f" ({target.size}, number of trajectories)"
        )
    if not np.isfinite(states).all():
        row, column = np.argwhere(~np.isfinite(states))[0]
        raise ModelError(
            f"start[{row}, {column}] is {states[row, column]}; start from finite states"
        )
    return states


def check_positive(name: str, value: float) -> None:
    """Refuse what is not a finite number > 0.

    Examples
    --------
    >>> check_positive("step", 0.0)
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: step must be a finite number > 0, not 0.0
    """
    if not (np.isfinite(value) and value > 0):
        raise ModelError(f"{name} must be a finite number > 0, not {value}")


def step_error(
    advance: Callable[[States, float], States],
    states: States,
    step: float,
    time: float,
    origin: ArrayLike = 0.0,
) -> float:
    """Compare one step with two of half its length, and refuse a step that is too long.

    This finds an unstable step before anything overflows.

    Parameters
    ----------
    advance : callable
        States and a step to new states.
    states : ndarray, shape (..., N, S)
    step, time : float
        The step, and when: for the message.
    origin : array_like, optional
        Of the states; it broadcasts with them.

    Returns
    -------
    float
        Largest norm of the difference of a column, relative to the norm of the states from the
        origin.

    Raises
    ------
    ModelError
        If it is above 0.05.

    Examples
    --------
    >>> error = step_error(lambda x, h: (1 - h) * x, np.ones((1, 1)), 0.1, time=0.0)
    >>> print(f"{error:.4f}")
    0.0025
    """
    with np.errstate(all="ignore"):
        whole = advance(states, step)
        halves = advance(advance(states, step / 2), step / 2)
        before, after = (np.linalg.norm(part - origin, axis=-2) for part in (states, halves))
        size = np.maximum(before, after)
        difference = np.linalg.norm(whole - halves, axis=-2)
        relative = np.divide(difference, size, out=np.zeros_like(size), where=difference != 0)
    error = float(np.max(relative))
    if not error <= LARGEST_STEP_ERROR:
        raise ModelError(
            f"step {step:.4g} is too long at time {time:.4g}: halving it changes the states by"
            f" {error:.2g} of their size; use a shorter step, such as {step / 5:.2g}"
        )
    return error


def check_finite(states: States, time: float, step: float) -> None:
    """Refuse states that are no longer finite.

    Examples
    --------
    >>> check_finite(np.array([np.inf]), time=3.0, step=0.1)
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: the states became infinite at time 3 with step 0.1; ...
    """
    if not np.isfinite(states).all():
        raise ModelError(
            f"the states became infinite at time {time:.4g} with step {step:.4g}; use a shorter"
            " step, or a model whose drift leads back from large x"
        )
