"""The mean field of the stationary dynamics, which networks are compared with."""

from numerics.stationary import StationaryChaos

__all__ = ["StationaryChaos"]
