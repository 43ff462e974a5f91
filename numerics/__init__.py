"""Numerics: quadrature, Newton's method, continuation, fixed points, solving on grids, sweeps."""

from numerics.fixed_points import find_fixed_points
from numerics.instances import Instance
from numerics.solve import solve
from numerics.solving_task import SolvingTask
from numerics.sweep import sweep

__all__ = ["Instance", "SolvingTask", "find_fixed_points", "solve", "sweep"]
