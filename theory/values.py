"""Objects that are what their fields are: equal, pickled and hashed by them alone."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import sympy as sp


class Value:
    """Base of frozen dataclasses that keep what they derive in cached properties.

    Equal objects have equal pickles, whatever was derived from them, and one token for Dask,
    in every process.

    Examples
    --------
    >>> import pickle
    >>> from theory import QuasiPotential, RandomNetwork
    >>> potential = QuasiPotential(RandomNetwork())
    >>> potential == pickle.loads(pickle.dumps(potential)) == QuasiPotential(RandomNetwork())
    True
    """

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def __dask_tokenize__(self) -> Any:
        return _canonical(self)


def _canonical(value: Any) -> Any:
    """Text and numbers that are the same in every process."""
    if isinstance(value, sp.Basic):
        return sp.srepr(value)
    if isinstance(value, (tuple, list)):
        return [_canonical(part) for part in value]
    if isinstance(value, dict):
        return sorted((str(key), _canonical(part)) for key, part in value.items())
    if is_dataclass(value):
        # numbers that are equal have one token, as 0 and 0.0
        named = [(f.name, _canonical(getattr(value, f.name))) for f in fields(value) if f.compare]
        return [f"{type(value).__module__}.{type(value).__qualname__}", named]
    return float(value) if isinstance(value, (bool, int, float)) else value
