"""Points and accuracy that a user chooses in the place of those of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TOLERANCE = 1e-10
"""Relative accuracy of the order parameters, as of `numerics.solve`."""


@dataclass(frozen=True)
class Chosen:
    """What a report uses instead of its own values.

    Parameters
    ----------
    g, gamma, temperature : tuple of float, optional
    tolerance : float
        Of the solutions.
    """

    g: tuple[float, ...] | None = None
    gamma: tuple[float, ...] | None = None
    temperature: tuple[float, ...] | None = None
    tolerance: float = TOLERANCE

    @property
    def points(self) -> bool:
        """Whether any point was chosen."""
        return (self.g, self.gamma, self.temperature) != (None, None, None)

    def axis(self, name: str, default: Iterable[float]) -> tuple[float, ...]:
        """Give the values of an axis: those chosen, or else those of the report.

        Examples
        --------
        >>> Chosen(g=(0.5,)).axis("g", [1.0]), Chosen().axis("g", [1.0])
        ((0.5,), (1.0,))
        """
        values = getattr(self, name)
        return tuple(map(float, default)) if values is None else values

    def check_drawable(self, name: str, what: str) -> None:
        """Refuse values that span no axis of a figure.

        Raises
        ------
        ModelError

        Examples
        --------
        >>> Chosen(g=(0.5,)).check_drawable("g", "the phase diagram")
        Traceback (most recent call last):
        ...
        theory.expressions.ModelError: --g: the phase diagram needs two or more values, ascending...
        """
        values = getattr(self, name)
        if values is None or (len(values) > 1 and list(values) == sorted(set(values))):
            return
        from theory.expressions import ModelError  # noqa: PLC0415  (it brings SymPy)

        msg = f"--{name}: {what} needs two or more values, ascending, as in 0.4:1.4:11"
        raise ModelError(msg)
