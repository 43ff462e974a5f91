"""What one would write without generated kernels: the baselines of the benchmarks, in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from theory.expressions import X
from validation.simulate import transfer_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from theory.ensembles import RandomNetwork

    Function = Callable[[np.ndarray], np.ndarray]


def elementwise(expression: sp.Expr) -> Function:
    """Make a function of one unit's state act on arrays, also where it is constant.

    Examples
    --------
    >>> elementwise(sp.Integer(2))(np.zeros((2, 1))).tolist()
    [[2.0], [2.0]]
    """
    function = sp.lambdify(X, expression, ["scipy", "numpy"])
    return lambda x: np.broadcast_to(np.asarray(function(x), dtype=float), x.shape)


class PlainNetwork:
    """Drift and gradient of the quasi-potential of a drawn network, by the chain rule in NumPy.

    Parameters
    ----------
    network : RandomNetwork
        Smooth.
    J : ndarray, shape (N, N)
    h : ndarray, shape (N,)

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> plain = PlainNetwork(RandomNetwork(transfer="x"), np.zeros((2, 2)), np.zeros(2))
    >>> plain.gradient(np.array([[1.0], [2.0]])).tolist()
    [[1.0], [2.0]]
    """

    def __init__(self, network: RandomNetwork, J: np.ndarray, h: np.ndarray) -> None:
        functions = (network.local, network.gain, network.transfer)
        self.a, self.b, self.c = map(elementwise, functions)
        self.da, self.db, self.dc = (elementwise(f.diff(X)) for f in functions)
        self.J, self.h, self.confinement = J, h[:, None], float(network.confinement)

    def drift(self, x: np.ndarray) -> np.ndarray:
        """F, shape (N, S)."""
        return self.a(x) + self.b(x) * (self.J @ self.c(x)) + self.h

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Gradient of ``sum F^2/2 + eta sum x^2``, shape (N, S); two matrix products."""
        total, gain = self.J @ self.c(x), self.b(x)
        speed = self.a(x) + gain * total + self.h
        own = speed * (self.da(x) + self.db(x) * total)
        return own + self.dc(x) * (self.J.T @ (gain * speed)) + 2 * self.confinement * x


def plain_leapfrog(
    gradient: Function, x: np.ndarray, p: np.ndarray, slope: np.ndarray, step: float, count: int
) -> np.ndarray:
    """Carry states along ``count`` leapfrog steps of ``H = E + p^2/2``.

    Parameters
    ----------
    gradient : callable
        Of E.
    x, p, slope : ndarray, shape (N, S)
        States, momenta, and the gradient at the states.
    step : float
    count : int

    Returns
    -------
    ndarray, shape (N, S)

    Examples
    --------
    >>> x = np.array([[1.0]])
    >>> round(plain_leapfrog(lambda x: x, x, 0 * x, x, 0.01, 314).item(), 3)  # half a period
    -1.0
    """
    p = p - step / 2 * slope
    for number in range(count):
        x = x + step * p
        p = p - (step if number < count - 1 else step / 2) * gradient(x)
    return x


def euler_maruyama(
    drift: Function,
    start: np.ndarray,
    duration: float,
    *,
    step: float,
    noise: float,
    every: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Integrate ``dx = F dt + sqrt(2 D) dW`` by a loop of Euler's method.

    Parameters
    ----------
    drift : callable
    start : ndarray, shape (N, S)
    duration, step, noise : float
    every : int
        Steps from record to record.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray, shape (records, N, S)

    Examples
    --------
    >>> path = euler_maruyama(
    ...     lambda x: -x, np.zeros((1, 4000)), 5.0, step=0.01, noise=0.2, every=500,
    ...     generator=np.random.default_rng(0),
    ... )
    >>> path.shape, round(float(path.var()), 1)
    ((1, 1, 4000), 0.2)
    """
    x = start
    amplitude = np.sqrt(2 * noise * step)
    records = []
    for number in range(1, round(duration / step) + 1):
        x = x + step * drift(x) + amplitude * generator.standard_normal(x.shape)
        if number % every == 0:
            records.append(x)
    return np.array(records)


def mean_square_activity(network: RandomNetwork) -> Function:
    """Make the function of states, shape (..., N, S), to the mean of ``c(x)^2`` over units."""
    transfer = transfer_function(network)
    return lambda x: (transfer(x) ** 2).mean(axis=-2)
