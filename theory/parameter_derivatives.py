"""Derivatives of the saddle-point equations in the parameters, for following their solutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from theory.averages import collect_gaussian
from theory.ensembles import T, g, gamma
from theory.free_energy import FreeEnergy

if TYPE_CHECKING:
    import sympy as sp

VARIED = {"g": g, "gamma": gamma, "temperature": T}
"""Parameters in which a branch of solutions can be followed, by name."""


@dataclass(frozen=True)
class ParametricFreeEnergy(FreeEnergy):
    """A free energy whose kernel also gives the derivatives of `residual` in the parameters.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> varied = ParametricFreeEnergy(RandomNetwork(), reduced=True)
    >>> varied.outputs[derivative_name("gamma", "q")]
    g**2*rho*<c**2>*<c*f>/s - g**2*rho*<c**3*f>/s
    """

    @property
    def key(self) -> str:
        """Text that identifies the functional and what its kernel gives."""
        return f"{super().key}; derivatives in {', '.join(VARIED)}"

    @property
    def outputs(self) -> dict[str, sp.Expr]:
        """All that is evaluated beside the functional."""
        derivatives = {
            derivative_name(name, str(unknown)): collect_gaussian(equation.diff(parameter))
            for name, parameter in VARIED.items()
            for unknown, equation in zip(self.symbols, self.residual, strict=True)
        }
        return super().outputs | derivatives


def derivative_name(parameter: str, unknown: str) -> str:
    """Name of the derivative of the equation of an order parameter in a parameter."""
    return f"{unknown} by {parameter}"
