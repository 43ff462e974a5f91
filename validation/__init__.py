"""Checks of the theory by direct stochastic simulation of the measure and of the dynamics."""

from validation.compare import validate

__all__ = ["validate"]
