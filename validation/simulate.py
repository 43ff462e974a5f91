"""One network sampled from hot and cold starts: thermal averages, overlaps, convergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from numerics.targets import network_target
from theory.codegen.arrays import array_function
from theory.ensembles import check_parameters
from theory.expressions import ModelError, X
from validation.samplers import hamiltonian
from validation.statistics import diagnose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from theory.ensembles import RandomNetwork

DRAWN = ("q", "m", "rho", "x_squared", "energy")
"""Quantities that every draw of every chain has a value of."""
QUANTITIES = ("q", "Q", "rho", "P", "m", "x_squared", "energy")
HISTOGRAM_STRIDE = 5
COLD = 1e-2
LARGEST_R_HAT = 1.1


@dataclass(frozen=True)
class Sampling:
    """How one network is sampled.

    Parameters
    ----------
    chains : int
        Independent chains, even and at least 4: half of them start cold, near ``x = 0``, half
        hot, from wide random states.
    draws, warmup : int
        Trajectories of Hamiltonian Monte Carlo per chain, observed and before that.
    doublings : int
        How often the chains may be run on, twice as long each time, with all earlier draws taken
        for warm-up, until R-hat is below `LARGEST_R_HAT`.
    integration_time : float
        Mean length of a trajectory, in units of the single-unit time constant. Long ones pay at
        low temperature, where the soft directions of the energy are slow.
    edges : tuple of float
        Edges of the bins of the histogram of ``x``.

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
    doublings: int = 0
    integration_time: float = 10.0
    edges: tuple[float, ...] = tuple(np.linspace(-4, 4, 81).tolist())

    def __post_init__(self) -> None:
        if self.chains < 4 or self.chains % 2:
            msg = (
                f"chains must be an even number, at least 4, not {self.chains}: overlaps need"
                " independent chains, and hot and cold starts have to be compared"
            )
            raise ModelError(msg)
        if self.draws < 20:
            msg = f"draws must be at least 20, not {self.draws}, to judge convergence"
            raise ModelError(msg)
        if not 0 <= self.doublings <= 20:
            msg = f"doublings must be between 0 and 20, not {self.doublings}"
            raise ModelError(msg)


def transfer_function(network: RandomNetwork) -> Callable[[np.ndarray], np.ndarray]:
    """Make the transfer function c act on arrays.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> transfer_function(RandomNetwork(transfer="erf(x)"))(np.zeros(2)).tolist()
    [0.0, 0.0]
    """
    return array_function(X, network.transfer)


def simulate_network(
    network: RandomNetwork,
    g: float,
    gamma: float,
    temperature: float,
    size: int,
    index: int,
    seed: int,
    sampling: Sampling,
) -> dict[str, np.ndarray]:
    """Draw one network and sample its measure ``exp(-E/T)``.

    Parameters
    ----------
    network : RandomNetwork
    g, gamma, temperature : float
    size : int
        N.
    index : int
        Number of the network; with the seed and the size it fixes the random numbers.
    seed : int
    sampling : Sampling

    Returns
    -------
    dict of str to ndarray
        ``value`` and ``monte_carlo_error``, in the order of `QUANTITIES`; ``r_hat`` and ``ess``,
        the worst of the order parameter q and the energy; ``hot`` and ``cold``, the averages of
        q over chains by their start; ``acceptance``; ``histogram``, the share of units in every
        bin.

    Raises
    ------
    ModelError
        If a parameter is out of range or the measure cannot be sampled.

    Notes
    -----
    With the response field integrated out, the response of a replica is an average of the state,
    ``rho = -<F b c>/(N T)``; that of two replicas is ``P = -<F b> <c>/(N T)``.
    Overlaps are of time averages in different, independent chains, which no correlation biases.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> short = Sampling(chains=4, draws=20, warmup=50)
    >>> run = simulate_network(RandomNetwork(), 0.5, 0.0, 0.5, 20, 0, 0, short)
    >>> run["value"].shape
    (7,)
    """
    check_parameters(g, gamma, temperature, network.confinement)
    if size < 2:
        msg = f"size must be at least 2, not {size}"
        raise ModelError(msg)
    # one stream of random numbers per network, whatever else is simulated and on which thread
    couplings_seed, chain_seed = np.random.SeedSequence(seed, spawn_key=(size, index)).spawn(2)
    J, h = network.draw(size, g, gamma, couplings_seed)
    target = network_target(network, J, h if network.field_std else None)
    generator = np.random.default_rng(chain_seed)
    state, step = starts(size, sampling.chains, generator), None
    for doubling in range(sampling.doublings + 1):
        recorder = Recorder(network, target.drift, temperature, sampling.edges)
        samples = hamiltonian(
            target,
            state,
            temperature,
            draws=sampling.draws * 2**doubling,
            warmup=0 if doubling else sampling.warmup,
            step=step,
            generator=generator,
            observe=recorder.observe,
            integration_time=sampling.integration_time,
        )
        state, step = samples.state, samples.step
        draws = np.concatenate([samples.observed, samples.energy[:, None] / size], axis=1)
        found = recorder.summary(draws)
        if found["r_hat"] < LARGEST_R_HAT:
            break
    return found | {"acceptance": samples.acceptance.mean()}


def starts(size: int, chains: int, generator: np.random.Generator) -> np.ndarray:
    """Cold states in the first half of the columns, hot ones in the second."""
    scale = np.where(np.arange(chains) < chains // 2, COLD, 2.0)
    return scale * generator.standard_normal((size, chains))


class Recorder:
    """Observes draws, and sums what is needed at the end of a run.

    Parameters
    ----------
    network : RandomNetwork
    drift : callable
        As of a `numerics.targets.Target`.
    temperature : float or ndarray, shape (S,)
        T of every column.
    edges : sequence of float, shape (bins + 1,)
        Of the histogram of ``x``.
    """

    def __init__(
        self,
        network: RandomNetwork,
        drift: Callable[[np.ndarray], np.ndarray],
        temperature: float | np.ndarray,
        edges: Sequence[float] | np.ndarray,
    ) -> None:
        self.transfer = transfer_function(network)
        self.gain = array_function(X, network.gain)
        self.drift, self.temperature, self.edges = drift, temperature, np.array(edges)
        self.draw = 0
        self.seen: list[np.ndarray] = []
        self.activity: np.ndarray | float = 0.0
        self.response: np.ndarray | float = 0.0

    def observe(self, x: np.ndarray) -> np.ndarray:
        """Quantities of every chain, without the energy."""
        c = self.transfer(x)
        u = -self.drift(x) * self.gain(x) / self.temperature
        self.activity = self.activity + c
        self.response = self.response + u
        if self.draw % HISTOGRAM_STRIDE == 0:
            self.seen.append(x.copy())
        self.draw += 1
        return np.stack([(c**2).mean(0), c.mean(0), (u * c).mean(0), (x**2).mean(0)])

    def summary(self, draws: np.ndarray, columns: slice = slice(None)) -> dict[str, np.ndarray]:
        """Averages over the chains in some columns, and how far they converged.

        Parameters
        ----------
        draws : ndarray, shape (draws, k, S)
            Of these columns, in the order of `DRAWN`.
        columns : slice
            Columns of the states; the first half started cold.

        Returns
        -------
        dict of str to ndarray
            As of `simulate_network`.
        """
        chains = draws.shape[2]
        found = {name: diagnose(draws[:, k].T) for k, name in enumerate(DRAWN)}
        c, u = (
            np.asarray(total)[:, columns] / self.draw for total in (self.activity, self.response)
        )
        apart = ~np.eye(chains, dtype=bool)
        overlaps = {"Q": (c.T @ c / len(c))[apart], "P": (u.T @ c / len(c))[apart]}
        value = [found[n].mean if n in found else overlaps[n].mean() for n in QUANTITIES]
        error = [found[n].error if n in found else np.nan for n in QUANTITIES]
        q = draws[:, DRAWN.index("q")]
        watched = [found["q"], found["energy"]]
        states = np.stack(self.seen)[..., columns]
        return {
            "value": np.array(value),
            "monte_carlo_error": np.array(error),
            "r_hat": np.array(max(d.r_hat for d in watched)),
            "ess": np.array(min(d.ess for d in watched)),
            "cold": q[:, : chains // 2].mean(),
            "hot": q[:, chains // 2 :].mean(),
            "histogram": np.histogram(states, self.edges)[0] / states.size,
        }
