"""What the full validation report simulates beside its points, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass

from validation.sampling import Tempering


@dataclass(frozen=True)
class Cold:
    """A line of temperatures to be tempered where there are published values.

    Parameters
    ----------
    gamma : float
    size : tuple of int
    networks : int
        Of every size.
    tempering : Tempering
    temperatures : tuple of float
        The lowest is that of the comparison.
    number : int
        Fixes the seed, whatever else is simulated; points of the report have small numbers.
    """

    gamma: float
    size: tuple[int, ...]
    networks: int
    tempering: Tempering
    temperatures: tuple[float, ...]
    number: int

    @property
    def name(self) -> str:
        """What is shown beside the progress, and in a message."""
        return f"published values, gamma = {self.gamma:g}"


@dataclass(frozen=True)
class Chaos:
    """Networks without noise at one g and gamma = 0.

    Parameters
    ----------
    g : float
    size : tuple of int
    networks : int
        Of every size.
    duration, transient : float
        As for `validation.chaos.chaos_against_size`.
    number : int
        As for `Cold`.
    step, chains
        As for `validation.chaos.chaos_against_size`.
    """

    g: float
    size: tuple[int, ...]
    networks: int
    duration: float
    transient: float
    number: int
    step: float = 0.2
    chains: int = 8

    @property
    def name(self) -> str:
        """As of `Cold`."""
        return f"dynamics, g = {self.g:g}"


@dataclass(frozen=True)
class Stability:
    """Networks whose loss of stability at x = 0 is sought at one gamma.

    Parameters
    ----------
    gamma : float
    size : tuple of int
    networks : int
        Of every size.
    number : int
        As for `Cold`.
    """

    gamma: float
    size: tuple[int, ...]
    networks: int
    number: int

    @property
    def name(self) -> str:
        """As of `Cold`."""
        return f"stability of x = 0, gamma = {self.gamma:g}"


@dataclass(frozen=True)
class Studies:
    """What is simulated beside the points of the report.

    Parameters
    ----------
    cold : tuple of Cold
    chaos : tuple of Chaos
    stability : tuple of Stability
    """

    cold: tuple[Cold, ...]
    chaos: tuple[Chaos, ...]
    stability: tuple[Stability, ...]


_LADDER = (0.01, 0.03, 0.1)
STUDIES = Studies(
    cold=(
        Cold(0.0, (40, 80, 160, 320), 24, Tempering(draws=200, warmup=150), _LADDER, 901),
        Cold(0.2, (40, 80, 160), 24, Tempering(), _LADDER, 902),
        Cold(0.5, (40, 80, 160), 8, Tempering(), _LADDER, 903),
        Cold(0.8, (40, 80, 160), 8, Tempering(), _LADDER, 904),
    ),
    chaos=(
        Chaos(1.2, (200, 400, 800), 10, 300.0, 100.0, 911),
        Chaos(1.5, (500, 1000, 2000), 6, 200.0, 80.0, 912),
        Chaos(2.0, (125, 250, 500, 1000), 48, 80.0, 40.0, 913),
        Chaos(3.0, (125, 250, 500, 1000), 16, 60.0, 20.0, 914, step=0.1),
    ),
    stability=(
        Stability(0.0, (100, 200, 400, 800), 24, 921),
        Stability(0.5, (100, 200, 400, 800), 24, 922),
    ),
)
"""Sizes, networks and durations follow from the errors and the times found in other runs."""
