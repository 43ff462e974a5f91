"""Quadrature rules for many points at once, each following the width of its own weight."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from theory.codegen.functional import FunctionalKernel

ORDER = 16
REACH = 8.0  # standard deviations; squares of fields beyond average to less than 1e-12
PANELS, MOST_PANELS = 6, 24_576
STEP, TRAPEZOIDAL_STEP, SMALLEST_STEP = 1.0, 0.12, 0.07
"""Distance of field nodes: the first, the last before panels are tried, and the last."""
FINE_STEP = 0.25
"""Distance of field nodes down to which a solution is sought where a coarser one has none."""
_FEW_NODES = 30_000  # starting a thread takes as long as some thousand nodes


@lru_cache
def gauss_legendre(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on [-1, 1]."""
    return np.polynomial.legendre.leggauss(order)


class Evaluation(NamedTuple):
    """What a kernel says at many points; see the generated module for the shapes."""

    value: np.ndarray
    residual: np.ndarray
    jacobian: np.ndarray
    observables: np.ndarray
    scales: np.ndarray


@dataclass(frozen=True)
class Quadrature:
    """A rule per point: panels of Gauss-Legendre nodes in x, trapezoidal in the fields.

    Parameters
    ----------
    lower, upper : ndarray, shape (points,)
        Range of x that carries the weight; NaN where the weight cannot be normalised.
    panels : ndarray of int, shape (points,)
    step : ndarray, shape (points,)
        Distance of field nodes in standard deviations.
    reach : float
        Where the fields are cut off, in standard deviations.
    edges : ndarray, shape (points, k), optional
        Edges of panels that the first field has instead, see `numerics.field_panels`; a row
        ends in NaN.
    order : int
        Nodes of a panel.
    """

    lower: np.ndarray
    upper: np.ndarray
    panels: np.ndarray
    step: np.ndarray
    reach: float = REACH
    edges: np.ndarray | None = None
    order: int = ORDER

    def nodes(self, fields: int) -> np.ndarray:
        """Pairs of a node in x and one in the fields per point, at most.

        Parameters
        ----------
        fields : int
            Number of Gaussian fields.

        Returns
        -------
        ndarray of int, shape (points,)
        """
        if not fields:
            return self.order * self.panels
        side = 2 * (self.reach / self.step).astype(np.int64) + 1
        first = side
        if self.edges is not None:
            count = np.isfinite(self.edges).sum(axis=1) - 1
            first = np.where(count > 0, self.order * count, side)
        return self.order * self.panels * first * side ** (fields - 1)

    @property
    def node(self) -> np.ndarray:
        """Gauss-Legendre nodes of one panel."""
        return gauss_legendre(self.order)[0]

    @property
    def weight(self) -> np.ndarray:
        """Gauss-Legendre weights of one panel."""
        return gauss_legendre(self.order)[1]

    @classmethod
    def around(
        cls, kernel: FunctionalKernel, theta: np.ndarray, parameters: np.ndarray
    ) -> Quadrature:
        """Make a coarse rule for every point from the support of its weight."""
        lower, upper, width = kernel.module.support(theta, parameters, REACH)
        if kernel.metadata["even"]:
            panels = np.full(len(theta), PANELS // 2)
        else:
            # a union over the fields is wider than the weight at each of them
            with np.errstate(invalid="ignore"):
                ratio = np.nan_to_num((upper - lower) / width, nan=1.0, posinf=1.0)
            panels = np.clip(np.ceil(PANELS * ratio), PANELS, MOST_PANELS).astype(np.int64)
        step = np.full(len(theta), STEP)
        # without fields the weight is around the origin, where all numbers are exact enough
        exact = _exact(lower, upper, panels) if kernel.fields else (lower, upper, panels)
        return cls(exact[0], exact[1], exact[2], step)

    def finer(self, kind: str) -> Quadrature:
        """Refine in ``"x"`` or in the ``"fields"``."""
        if kind == "x":
            return replace(self, panels=2 * self.panels)
        finer = replace(self, step=self.step / 1.5)
        if self.edges is None:
            return finer
        halved = np.empty((len(self.edges), 2 * self.edges.shape[1] - 1))
        halved[:, ::2] = self.edges
        halved[:, 1::2] = (self.edges[:, 1:] + self.edges[:, :-1]) / 2
        return replace(finer, edges=halved)

    def steps_over(self, kernel: FunctionalKernel) -> np.ndarray:
        """Where panels in x are much longer than a feature of the model, and broken around it."""
        scales = [scale for _, scale in kernel.metadata["features"]]
        return (self.upper - self.lower) / self.panels > 8 * min(scales, default=np.inf)

    def take(self, index: np.ndarray) -> Quadrature:
        """Select points."""
        return replace(
            self,
            lower=self.lower[index],
            upper=self.upper[index],
            panels=self.panels[index],
            step=self.step[index],
            edges=None if self.edges is None else self.edges[index],
        )

    def replaced(self, index: np.ndarray, other: Quadrature) -> Quadrature:
        """Put the rules of another at the given points."""
        changed = self.take(np.arange(len(self.lower)))
        for name in ("lower", "upper", "panels", "step"):
            getattr(changed, name)[index] = getattr(other, name)
        if self.edges is None and other.edges is None:
            return changed
        rows, others = (
            np.full((len(rule.lower), 1), np.nan) if rule.edges is None else rule.edges
            for rule in (self, other)
        )
        width = max(rows.shape[1], others.shape[1])
        edges = np.full((len(rows), width), np.nan)
        edges[:, : rows.shape[1]] = rows
        edges[index] = np.nan
        edges[index, : others.shape[1]] = others
        return replace(changed, edges=edges)


def _exact(
    lower: np.ndarray, upper: np.ndarray, panels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Widen ranges a little so that the edges of their panels are exact numbers.

    At low temperature the weight of a unit is narrow and the moments of the force cancel: nodes
    off by rounding errors of the whole range, not of x, would be the largest error of all.
    """
    fraction, exponent = np.frexp((upper - lower) / panels)
    with np.errstate(invalid="ignore"):
        # one part in 4096 more than is needed, which leaves room to shift the range by as much
        width = np.ldexp(np.ceil(np.ldexp(fraction, 12)) + 1, exponent - 12)
        unit = np.ldexp(1.0, exponent - 12)
        first = np.floor(lower / unit) * unit
    return first, first + panels * width, panels


@dataclass
class Work:
    """What evaluations of kernels took, see `counting`.

    Parameters
    ----------
    evaluations : int
        Of the functional with its Newton matrix, summed over points.
    nodes : int
        Of quadrature, summed over the evaluations.
    """

    evaluations: int = 0
    nodes: int = 0


_COUNTED: list[Work] = []


@contextmanager
def counting() -> Iterator[Work]:
    """Count the evaluations that are done inside.

    Yields
    ------
    Work
        Grows with every call of `evaluate`.

    Examples
    --------
    >>> from numerics import solve
    >>> from theory import RandomNetwork, replica_symmetric
    >>> with counting() as work:
    ...     _ = solve(replica_symmetric(RandomNetwork()), g=0.5, gamma=0.0, temperature=0.1)
    >>> work.nodes > 16 * work.evaluations > 0
    True
    """
    work = Work()
    _COUNTED.append(work)
    try:
        yield work
    finally:
        _COUNTED.remove(work)


def evaluate(
    kernel: FunctionalKernel,
    theta: np.ndarray,
    parameters: np.ndarray,
    rule: Quadrature,
    threads: int = 1,
) -> Evaluation:
    """Evaluate a kernel at many points; every point gives the same bits on any thread count.

    Parameters
    ----------
    kernel : FunctionalKernel
    theta : ndarray, shape (points, order parameters)
    parameters : ndarray, shape (points, parameters)
    rule : Quadrature
    threads : int

    Returns
    -------
    Evaluation
    """
    function = kernel.module.evaluate_with_scales
    nodes = int(rule.nodes(len(kernel.fields)).sum())
    for work in _COUNTED:
        work.evaluations += len(theta)
        work.nodes += nodes
    if threads == 1 or nodes < _FEW_NODES:
        return Evaluation(*function(theta, parameters, rule))
    parts = np.array_split(np.arange(len(theta)), threads)
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(lambda p: function(theta[p], parameters[p], rule.take(p)), parts))
    return Evaluation(*(np.concatenate(arrays) for arrays in zip(*results, strict=True)))
