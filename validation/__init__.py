"""Checks of the theory by direct stochastic simulation of the measure and of the dynamics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from validation.sampling import Sampling, Tempering

if TYPE_CHECKING:
    from validation.equilibrium import validate
    from validation.simulating_task import SimulatingTask

__all__ = ["Sampling", "SimulatingTask", "Tempering", "validate"]


def __getattr__(name: str) -> object:
    # imported when asked for: the command reads the defaults of `sampling` without SymPy
    if name == "validate":
        from validation.equilibrium import validate  # noqa: PLC0415

        return validate
    if name == "SimulatingTask":
        from validation.simulating_task import SimulatingTask  # noqa: PLC0415

        return SimulatingTask
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
