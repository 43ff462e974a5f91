"""Numerics: quadrature, Newton's method, continuation, fixed points, and solving on grids."""

from numerics.fixed_points import find_fixed_points
from numerics.solve import solve

__all__ = ["find_fixed_points", "solve"]
