"""The saddle point as one would solve it without kernels: NumPy, Monte Carlo or fixed nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import sympy as sp
from scipy.optimize import root

from numerics.one_unit import compiled, kinks_of, site_nodes, support
from theory.averages import GaussianAverage, SiteAverage, written_out
from theory.ensembles import T, g, gamma
from theory.expressions import ModelError, X

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork
    from theory.free_energy import FreeEnergy

DAMPING = 0.5
MOST_ITERATIONS = 500
_PROPOSAL = 1.5
"""Width of the proposal in root mean square states: wider than the weight, so that ratios stay
bounded."""


class Found(NamedTuple):
    """Order parameters and the number of iterations or evaluations they took."""

    theta: np.ndarray
    iterations: int


class PlainSaddle:
    """The saddle-point map in NumPy: averages as weighted sums over given states and fields.

    The equations are those of `theory.free_energy.FreeEnergy.residual`, translated term by term.

    Parameters
    ----------
    free_energy : FreeEnergy
        Solved on the branch that the model's symmetry allows, if it has one.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> saddle = PlainSaddle(replica_symmetric(RandomNetwork()))
    >>> [str(symbol) for symbol in saddle.symbols]
    ['q', 'rho', 'q_hat']
    """

    def __init__(self, free_energy: FreeEnergy) -> None:
        self.free_energy = free_energy = replace(free_energy, reduced=True)
        self.network: RandomNetwork = free_energy.network
        self.symbols, self.fields = free_energy.symbols, free_energy.fields
        self.model = [float(value) for value in self.network.values.values()]
        numbers = [*self.symbols, g, gamma, T, *self.network.values]
        # outermost: averages over the fields; inside them: averages over one unit
        equations = [*free_energy.residual, free_energy.observable(X**2)]
        outer = sorted({a for e in equations for a in e.atoms(GaussianAverage)}, key=str)
        if not self.fields:
            outer = sorted({a for e in equations for a in e.atoms(SiteAverage)}, key=str)
        inside = [node.args[0] if self.fields else node for node in outer]
        inner = sorted({a for e in inside for a in e.atoms(SiteAverage)}, key=str)
        of_outer, of_inner = ([sp.Dummy() for _ in nodes] for nodes in (outer, inner))
        exchanged = dict(zip(inner, of_inner, strict=True))
        self.height = compiled([X, *self.fields, *numbers], [written_out(free_energy.exponent)])
        self._observables = compiled(
            [X, *self.fields, *numbers], [written_out(node.args[0]) for node in inner]
        )
        self._inside = sp.lambdify(
            [*self.fields, *numbers, *of_inner],
            [written_out(e.xreplace(exchanged)) for e in inside],
        )
        self._outside = sp.lambdify(
            [*numbers, *of_outer],
            [written_out(e.xreplace(dict(zip(outer, of_outer, strict=True)))) for e in equations],
        )
        scales = [parameter.scale for parameter in free_energy.order_parameters]
        self._scales = sp.lambdify(numbers, scales)
        self._covariance = sp.lambdify(numbers, free_energy.covariance.tolist())

    def numbers(self, theta: np.ndarray, point: tuple[float, float, float]) -> list[float]:
        """Values of all symbols: order parameters, g, gamma, T, and those of the model."""
        return [*theta, *point, *self.model]

    def scales(self, theta: np.ndarray, point: tuple[float, float, float]) -> np.ndarray:
        """Natural sizes by which errors are judged."""
        return np.array(self._scales(*self.numbers(theta, point)), dtype=float)

    def evaluate(
        self,
        theta: np.ndarray,
        point: tuple[float, float, float],
        x: np.ndarray,
        log_weight: np.ndarray,
        normals: np.ndarray,
    ) -> tuple[np.ndarray, float]:
        """Undamped map minus the order parameters, and the mean square state.

        Parameters
        ----------
        theta : ndarray
        point : (g, gamma, T)
        x, log_weight : ndarray, shape (n,)
            States, and the logarithm of what each stands for.
        normals : ndarray, shape (fields, m)
            Standard normal numbers that become the fields.

        Returns
        -------
        residual : ndarray
        x_squared : float
        """
        numbers = self.numbers(theta, point)
        fields = self._correlated(numbers, normals)
        columns = [field[:, None] for field in fields]
        states = np.broadcast_to(x, (len(fields[0]) if fields else 1, len(x)))
        heights = self.height(states, *columns, *numbers)[0] + log_weight
        shares = np.exp(heights - heights.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        observed = self._observables(states, *columns, *numbers)
        averages = np.einsum("ams,ms->am", observed, shares)
        inside = self._inside(*fields, *numbers, *averages)
        *residual, x_squared = self._outside(*numbers, *(np.mean(part) for part in inside))
        return np.array(residual, dtype=float), float(x_squared)

    def _correlated(self, numbers: list[float], normals: np.ndarray) -> list[np.ndarray]:
        """Give the fields their covariance by its symmetric square root."""
        if not self.fields:
            return []
        values, vectors = np.linalg.eigh(np.array(self._covariance(*numbers), dtype=float))
        half = vectors * np.sqrt(np.maximum(values, 0.0))
        return list(half @ normals)

    def start(self) -> np.ndarray:
        """Start of all iterations: q = 1, nothing else."""
        return np.array([float(str(symbol) == "q") for symbol in self.symbols])


def monte_carlo(
    saddle: PlainSaddle,
    point: tuple[float, float, float],
    samples: int,
    seed: int | np.random.SeedSequence,
) -> Found:
    """Iterate the damped map with averages over random states and, if there are any, fields.

    States come from a normal proposal that follows the mean square state, and are weighted by
    importance; as many fields are drawn as states. The same random numbers serve all iterations,
    which therefore settle; they stop where a change would be far below the statistical error.

    Parameters
    ----------
    saddle : PlainSaddle
    point : (g, gamma, T)
    samples : int
    seed : int or numpy.random.SeedSequence

    Returns
    -------
    Found

    Raises
    ------
    ModelError
        If the iteration does not settle.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> saddle = PlainSaddle(replica_symmetric(RandomNetwork()))
    >>> found = monte_carlo(saddle, (1.2, 0.5, 0.1), 20_000, seed=0)
    >>> bool(abs(found.theta[0] - 0.3793082206) < 0.02)
    True
    """
    generator = np.random.default_rng(seed)
    normals = generator.standard_normal(samples)
    fields = generator.standard_normal((len(saddle.fields), samples))
    theta, width = saddle.start(), 1.0
    tolerance = 0.01 / np.sqrt(samples)
    for iteration in range(1, MOST_ITERATIONS + 1):
        # the logarithm of one over the proposal's density, but for a constant
        residual, x_squared = saddle.evaluate(
            theta, point, _PROPOSAL * width * normals, normals**2 / 2, fields
        )
        change = np.abs(residual / saddle.scales(theta, point)).max()
        settled = change < tolerance and abs(x_squared / width**2 - 1) < tolerance
        theta = theta + DAMPING * residual
        width = np.sqrt((1 - DAMPING) * width**2 + DAMPING * x_squared)
        if settled:
            return Found(theta, iteration)
        if not np.isfinite(change):
            break
    msg = f"the damped map with {samples} samples did not settle in {iteration} iterations"
    raise ModelError(msg)


def fixed_nodes(saddle: PlainSaddle, point: tuple[float, float, float], panels: int = 24) -> Found:
    """Solve with Gauss-Legendre nodes and SciPy's root finder; for models without fields.

    Parameters
    ----------
    saddle : PlainSaddle
    point : (g, gamma, T)
    panels : int

    Returns
    -------
    Found

    Raises
    ------
    ModelError
        If the model has fields or SciPy does not converge.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> saddle = PlainSaddle(replica_symmetric(RandomNetwork()))
    >>> print(f"{fixed_nodes(saddle, (1.2, 0.5, 0.1)).theta[0]:.8f}")
    0.37930822
    """
    if saddle.fields:
        msg = "fixed nodes are for models without Gaussian fields; use monte_carlo"
        raise ModelError(msg)
    breaks = kinks_of(saddle.network)
    none = np.empty((0, 0))

    def residual(theta: np.ndarray) -> np.ndarray:
        numbers = saddle.numbers(theta, point)
        lower, upper = support(lambda x: saddle.height(x, *numbers)[0])
        x, weights = site_nodes(lower, upper, breaks, panels)
        return saddle.evaluate(theta, point, x, np.log(weights), none)[0]

    theta = saddle.start()
    for _ in range(20):
        theta = theta + DAMPING * residual(theta)
    found = root(residual, theta, tol=1e-13)
    if not found.success:
        msg = f"SciPy's root finder did not converge: {found.message}"
        raise ModelError(msg)
    return Found(found.x, 20 + int(found.nfev))
