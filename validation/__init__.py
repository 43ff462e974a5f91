"""Checks of the theory by direct stochastic simulation of the measure and of the dynamics."""
