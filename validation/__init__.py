"""Checks of the theory by direct stochastic simulation of the measure and of the dynamics."""

from validation.equilibrium import validate
from validation.simulating_task import SimulatingTask

__all__ = ["SimulatingTask", "validate"]
