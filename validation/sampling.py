"""How networks are sampled: all defaults, where also the command reads them without SymPy."""

from __future__ import annotations

from dataclasses import dataclass

INTEGRATION_TIME = 10.0
"""Mean length of a trajectory of Hamiltonian Monte Carlo, in units of the model's time (see
`numerics.scales`). Long ones pay at low temperature, where the soft directions of the energy are
slow; the energy alone, on which exchanges of tempering depend, decorrelates faster."""
MOST_DOUBLINGS = 20
SIZES, NETWORKS = (250, 500, 1000), 8
"""Numbers of units, and networks of each: three sizes can be extrapolated."""


@dataclass(frozen=True)
class Sampling:
    """How one network is sampled.

    Parameters
    ----------
    chains : int
        Independent chains, even and at least 4: half of them start cold, near the state of rest,
        half hot, from wide random states.
    draws, warmup : int
        Trajectories of Hamiltonian Monte Carlo per chain, observed and before that.
    doublings : int
        How often the chains may be run on, twice as long each time, with all earlier draws taken
        for warm-up, until R-hat is below `validation.simulate.LARGEST_R_HAT`.
    integration_time : float
        Mean length of a trajectory, in units of the model's time.
    edges : tuple of float, optional
        Edges of the bins of the histogram of ``x``; none, no histogram.

    Raises
    ------
    ModelError
        If there are too few chains or draws.

    Examples
    --------
    >>> Sampling(chains=1)
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: chains must be an even number, at least 4, not 1: ...
    """

    chains: int = 8
    draws: int = 64
    warmup: int = 32
    doublings: int = 3
    integration_time: float = INTEGRATION_TIME
    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _check_chains(self.chains)
        if self.draws < 20:
            _refuse(f"draws must be at least 20, not {self.draws}, to judge convergence")
        if not 0 <= self.doublings <= MOST_DOUBLINGS:
            _refuse(f"doublings must be between 0 and {MOST_DOUBLINGS}, not {self.doublings}")


@dataclass(frozen=True)
class Tempering:
    """How one network is tempered.

    Parameters
    ----------
    chains : int
        Independent ladders, even and at least 4; half of them start cold, half hot.
    draws, warmup : int
        Trajectories, each followed by exchanges between neighbouring temperatures.
    integration_time : float
        Mean length of a trajectory, in units of the model's time.
    """

    chains: int = 4
    draws: int = 300
    warmup: int = 200
    integration_time: float = INTEGRATION_TIME

    def __post_init__(self) -> None:
        _check_chains(self.chains)


def _check_chains(chains: int) -> None:
    if chains < 4 or chains % 2:
        _refuse(
            f"chains must be an even number, at least 4, not {chains}: overlaps need"
            " independent chains, and hot and cold starts have to be compared"
        )


def _refuse(message: str) -> None:
    from theory.expressions import ModelError  # noqa: PLC0415  (it brings SymPy)

    raise ModelError(message)
