"""Numerics: quadrature, Newton's method, continuation, and solving on grids of parameters."""

from numerics.solve import solve

__all__ = ["solve"]
