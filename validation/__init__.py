"""Checks of the theory by direct stochastic simulation of the measure and of the dynamics."""

from validation.equilibrium import validate

__all__ = ["validate"]
