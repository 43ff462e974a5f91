"""Numerics: quadrature, Newton's method, continuation, and solving on grids of parameters."""

from numerics.solve import solve
from numerics.solving_task import SolvingTask
from numerics.sweep import sweep

__all__ = ["SolvingTask", "solve", "sweep"]
