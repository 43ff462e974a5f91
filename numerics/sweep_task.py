"""What a sweep has to know of the work it does: axes, settings, variables, how one part is done."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from copy import copy
from math import ceil, prod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

AXIS_NAMES = {
    "g": "coupling strength g",
    "gamma": "reciprocity gamma",
    "temperature": "T",
    "mean": "sum of the mean couplings into a unit",
    "field_std": "standard deviation of the constant random fields",
    "size": "number of units N",
    "network": "number of the network",
}


class Variable(NamedTuple):
    """One variable of a result.

    Parameters
    ----------
    long_name : str
    dtype : str
        As Zarr writes it: ``"float64"``, ``"bool"`` or ``"str"``.
    dims : tuple of str
        Its dimensions beyond the axes of the sweep.
    """

    long_name: str
    dtype: str = "float64"
    dims: tuple[str, ...] = ()


class Task(ABC):
    """Something to be done on the outer product of some axes, in parts that do not know each other.

    Implementations are frozen dataclasses with one field per axis, so that a part of a task is
    the same task with fewer values, and can be sent to another process.
    """

    AXES: ClassVar[tuple[str, ...]]
    """Names of the axes, in the order of the dimensions of the result."""
    VARIABLES: ClassVar[dict[str, Variable]]
    """Of the result, beside ``converged`` and ``reason``, which every task gives."""
    POINTS_TOGETHER: ClassVar[int]
    """How many points are a chunk if nothing else is asked for."""

    @property
    def axes(self) -> dict[str, np.ndarray]:
        """Values of the axes by name."""
        return {name: getattr(self, name) for name in self.AXES}

    @property
    def lengths(self) -> dict[str, int]:
        """Numbers of values on the axes."""
        return {name: len(values) for name, values in self.axes.items()}

    @property
    def coordinates(self) -> dict[str, np.ndarray]:
        """Labels of the dimensions beyond the axes."""
        return {}

    @property
    @abstractmethod
    def record(self) -> dict[str, Any]:
        """All that the result depends on beside the axes, as JSON can hold it."""

    @abstractmethod
    def memory(self, chunks: Mapping[str, int]) -> tuple[float, str]:
        """Estimate the bytes that a thread needs for chunks of some lengths; say what for."""

    @abstractmethod
    def compute(self, threads: int = 1) -> xr.Dataset:
        """Do it all; the result has the same bits on any number of threads."""

    @property
    def _identity(self) -> tuple[str, str, tuple]:
        """What the result depends on, and nothing else."""
        axes = tuple((name, tuple(values.tolist())) for name, values in self.axes.items())
        return type(self).__qualname__, json.dumps(self.record, sort_keys=True), axes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Task) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __dask_tokenize__(self) -> tuple[str, str, tuple]:
        return self._identity

    def part(self, values: Mapping[str, np.ndarray]) -> Self:
        """Make the task with fewer values on its axes, which were checked with the others."""
        part = copy(self)
        for name, axis in values.items():
            object.__setattr__(part, name, axis)
        return part


def as_axis(name: str, values: Any) -> np.ndarray:
    """Make a one-dimensional array of the values of an axis.

    Examples
    --------
    >>> as_axis("g", 1)
    array([1.])
    """
    axis = np.atleast_1d(np.asarray(values, dtype=float))
    if axis.ndim != 1 or axis.size == 0:
        msg = f"{name} must be a number or a one-dimensional, non-empty array"
        raise ModelError(msg)
    return axis


def chunk_lengths(
    lengths: Mapping[str, int], together: int, chosen: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Choose how many values of every axis go into one chunk.

    Parameters
    ----------
    lengths : dict
        Of the axes.
    together : int
        Points of a chunk. Temperatures are kept together first, then couplings, along which a
        solution starts from its neighbours; parts of an axis have nearly equal lengths.
    chosen : dict, optional
        Lengths that are given.

    Returns
    -------
    dict

    Raises
    ------
    ModelError
        If a chosen length is not a positive whole number, or of no axis.

    Examples
    --------
    >>> chunk_lengths({"g": 101, "gamma": 30, "temperature": 10}, together=1000)
    {'g': 51, 'gamma': 1, 'temperature': 10}
    >>> chunk_lengths({"g": 101, "gamma": 30, "temperature": 10}, 1000, {"temperature": 1})
    {'g': 101, 'gamma': 8, 'temperature': 1}
    """
    found = {}
    for name, length in (chosen or {}).items():
        if name not in lengths:
            msg = f"there is no axis {name} to be chunked; the axes are {', '.join(lengths)}"
            raise ModelError(msg)
        if length != int(length) or length < 1:
            msg = f"the chunk of {name} must be a whole number of values, at least 1, not {length}"
            raise ModelError(msg)
        found[name] = min(int(length), lengths[name])
    room = max(together // prod(found.values()), 1)
    for name in sorted(lengths, key=lambda name: name != "temperature"):
        if name not in found:
            parts = ceil(lengths[name] / room)
            found[name] = ceil(lengths[name] / parts)
            room = max(room // found[name], 1)
    return {name: found[name] for name in lengths}
