"""Parallel tempering: replicas at a ladder of temperatures that exchange their states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.expressions import ModelError
from validation.adaptation import check_positive, check_whole, steps_of_trajectory
from validation.running import run
from validation.sampling import INTEGRATION_TIME
from validation.walkers import THREE_STAGE, Walkers, checked_start, checked_temperature

if TYPE_CHECKING:
    from numerics.targets import Target
    from validation.running import Observe, Progress

LEAST_SWAP_RATE = 0.1


@dataclass(frozen=True)
class TemperedSamples:
    """What S independent ladders of R temperatures saw.

    Parameters
    ----------
    temperatures : ndarray, shape (R,)
        From cold to hot.
    observed : ndarray, shape (draws, k, S, R)
        What ``observe`` gave after every draw.
    state : ndarray, shape (N, S, R)
        The last states.
    energy : ndarray, shape (draws, S, R)
        E after every draw, not divided by N.
    acceptance : ndarray, shape (S, R)
        Mean acceptance probability of trajectories after warm-up.
    step : ndarray, shape (R,)
        Step of every temperature after adaptation.
    swap_rates : ndarray, shape (R - 1,)
        Mean acceptance probability of exchanges between neighbouring temperatures.
    round_trips : ndarray, shape (S,)
        Journeys of states from the coldest temperature to the hottest and back, in every ladder.
    divergences : int
        As in `validation.samplers.Samples`, of all temperatures.
    """

    temperatures: np.ndarray
    observed: np.ndarray
    state: np.ndarray
    energy: np.ndarray
    acceptance: np.ndarray
    step: np.ndarray
    swap_rates: np.ndarray
    round_trips: np.ndarray
    divergences: int

    @property
    def bottlenecks(self) -> list[tuple[float, float]]:
        """Neighbouring temperatures that exchange fewer than a tenth of their states.

        Below such a gap the ladder does not help; put temperatures in between.
        """
        pairs = zip(self.temperatures[:-1], self.temperatures[1:], strict=True)
        return [
            (float(cold), float(hot))
            for (cold, hot), rate in zip(pairs, self.swap_rates, strict=True)
            if rate < LEAST_SWAP_RATE
        ]


def ladder(coldest: float, hottest: float, count: int) -> np.ndarray:
    """Make a geometric ladder of temperatures.

    Where the heat capacity is constant, as in a quadratic potential, all its swap rates are equal.
    They stay sizeable if neighbours differ by a factor of about ``1 + 2/sqrt(N)``.

    Parameters
    ----------
    coldest, hottest : float
        ``0 < coldest < hottest``.
    count : int
        At least 2.

    Returns
    -------
    ndarray, shape (count,)

    Raises
    ------
    ModelError

    Examples
    --------
    >>> ladder(0.01, 1.0, 3).round(12).tolist()
    [0.01, 0.1, 1.0]
    """
    check_whole("count", count, 2)
    if not (np.isfinite(hottest) and 0 < coldest < hottest):
        msg = f"a ladder rises from coldest > 0, not from {coldest} to {hottest}"
        raise ModelError(msg)
    return np.geomspace(coldest, hottest, count)


def temper(
    target: Target,
    start: np.ndarray,
    temperatures: np.ndarray,
    *,
    draws: int,
    warmup: int,
    generator: np.random.Generator,
    observe: Observe,
    integration_time: float = INTEGRATION_TIME,
    acceptance: float = 0.8,
    step: float | None = None,
    progress: Progress | None = None,
) -> TemperedSamples:
    """Sample exp(-E/T) at all temperatures of a ladder by parallel tempering.

    Every draw is one Hamiltonian trajectory of all replicas together, with a step for every
    temperature, and exchanges between neighbouring temperatures: of the even and of the odd pairs
    in turn, which carries states through the ladder faster than pairs at random. The S ladders
    never exchange states with each other.

    Parameters
    ----------
    target : Target
        N units or variables.
    start : array_like, shape (N, S) or (N, S, R)
        A state for every ladder, or for every temperature of every ladder.
    temperatures : array_like, shape (R,)
        Rising and positive, at least 2; see `ladder`.
    draws, warmup : int
        Trajectories that are observed, and before that. Both include exchanges.
    generator : numpy.random.Generator
        The same seed gives the same bits.
    observe : callable
        States, shape (N, S R), which it must not change, to quantities, shape (k, S R). Called
        once for every draw; column ``r S + s`` is ladder s at temperature r.
    integration_time : float
        Mean time of a trajectory, as for `validation.samplers.hamiltonian`. With steps that
        differ it holds for their geometric mean. The energy, on which exchanges depend,
        decorrelates in a shorter time, so that 4 does as well where only it matters.
    acceptance : float
        Mean acceptance probability that the steps are adapted to.
    step : float, optional
        Of a trajectory at all temperatures, in units of the target's time; if given it is not
        adapted.
    progress : callable, optional
        Called with the number of trajectories done and of all.

    Returns
    -------
    TemperedSamples

    Raises
    ------
    ModelError
        As `validation.samplers.hamiltonian`, or if the temperatures do not rise.

    References
    ----------
    Hukushima & Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996); Syed et al., J. R. Stat. Soc. B 84,
    321 (2022) for even and odd pairs in turn.

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x"], ["x - x**3"]))
    >>> samples = temper(
    ...     target, np.ones((1, 20)), ladder(0.005, 0.5, 6), draws=300, warmup=100,
    ...     generator=np.random.default_rng(1), observe=lambda x: x,
    ... )
    >>> bool(samples.observed[..., 0].min() < -0.8)  # the coldest crossed the barrier
    True
    >>> samples.bottlenecks
    []
    """
    temperatures = checked_temperature(temperatures)
    if temperatures.ndim != 1 or len(temperatures) < 2 or (np.diff(temperatures) <= 0).any():
        msg = f"temperatures rise and are at least 2, not {temperatures}; see tempering.ladder"
        raise ModelError(msg)
    check_positive("integration_time", integration_time)
    rungs = len(temperatures)
    columns = _columns(target, start, rungs)
    chains = columns.shape[1] // rungs
    walkers = Walkers(target, columns, np.repeat(temperatures, chains), generator, THREE_STAGE)
    exchange = _Exchange(walkers, temperatures, generator)

    def move(sizes: np.ndarray) -> np.ndarray:
        count = steps_of_trajectory(sizes, integration_time, generator)
        probability = walkers.move(np.repeat(sizes, len(walkers.energy) // len(sizes)), count)
        exchange.sweep()
        return probability

    done = run(
        walkers,
        move,
        draws,
        warmup,
        observe,
        acceptance,
        step,
        progress,
        groups=rungs,
        settled=exchange.reset,
    )

    def ladders(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(
            values.reshape(*values.shape[:-1], rungs, chains).swapaxes(-1, -2)
        )

    return TemperedSamples(
        temperatures=temperatures,
        observed=ladders(done.record.values),
        state=ladders(walkers.x),
        energy=ladders(done.record.energy),
        acceptance=ladders(done.acceptance),
        step=done.step,
        swap_rates=exchange.rates,
        round_trips=exchange.round_trips,
        divergences=walkers.divergences,
    )


def _columns(target: Target, start: np.ndarray, rungs: int) -> np.ndarray:
    """Start states in columns, those of one temperature side by side."""
    start = np.asarray(start, dtype=np.float64)
    if start.ndim == 3:
        if start.shape[2] != rungs:
            msg = f"the start has states for {start.shape[2]} temperatures, not {rungs}"
            raise ModelError(msg)
        start = start.swapaxes(1, 2).reshape(start.shape[0], -1)
        return checked_start(target, start)
    return np.tile(checked_start(target, start), rungs)


class _Exchange:
    """Exchanges between neighbouring temperatures, and who has been where."""

    def __init__(
        self, walkers: Walkers, temperatures: np.ndarray, generator: np.random.Generator
    ) -> None:
        self._walkers, self._generator = walkers, generator
        self._inverse = 1 / temperatures
        shape = (len(temperatures), walkers.x.shape[1] // len(temperatures))
        self._place = np.arange(walkers.x.shape[1]).reshape(shape)
        self._parity = 0
        self.reset()

    def reset(self) -> None:
        """Forget the statistics."""
        rungs, chains = self._place.shape
        self._accepted, self._tried = np.zeros(rungs - 1), np.zeros(rungs - 1)
        # of the state in every place: was it at the cold end and, since then, at the hot one?
        self._been = np.zeros((rungs, chains), dtype=np.int8)
        self._been[0] = 1
        self.round_trips = np.zeros(chains, dtype=np.int64)

    @property
    def rates(self) -> np.ndarray:
        """Mean acceptance probability of every pair; NaN where none was tried."""
        return np.divide(
            self._accepted,
            self._tried,
            out=np.full_like(self._tried, np.nan),
            where=self._tried > 0,
        )

    def sweep(self) -> None:
        """Try every other pair of neighbours in every ladder."""
        rungs, chains = self._place.shape
        lower = np.arange(self._parity, rungs - 1, 2)
        self._parity = 1 - self._parity
        if not len(lower):
            return
        upper = lower + 1
        energy = self._walkers.energy.reshape(rungs, chains)
        gain = (self._inverse[lower] - self._inverse[upper])[:, None] * (
            energy[lower] - energy[upper]
        )
        probability = np.exp(np.minimum(gain, 0.0))
        swap = self._generator.random(probability.shape) < probability
        order = self._place.copy()
        order[lower] = np.where(swap, self._place[upper], self._place[lower])
        order[upper] = np.where(swap, self._place[lower], self._place[upper])
        if swap.any():
            self._walkers.exchange(order.ravel())
        self._accepted[lower] += probability.mean(axis=1)
        self._tried[lower] += 1
        self._follow(order)

    def _follow(self, order: np.ndarray) -> None:
        """Count the states that are back at the cold end from the hot one."""
        self._been = self._been.ravel()[order]
        self._been[-1][self._been[-1] == 1] = 2
        self.round_trips += self._been[0] == 2
        self._been[0] = 1
