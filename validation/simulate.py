"""One network sampled from hot and cold starts: thermal averages, overlaps, convergence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.codegen.arrays import array_function
from theory.ensembles import check_parameters
from theory.expressions import ModelError, X
from validation.samplers import hamiltonian
from validation.statistics import diagnose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numerics.instances import Instance
    from theory.ensembles import RandomNetwork
    from validation.sampling import Sampling

DRAWN = ("q", "m", "rho", "x_squared", "energy")
"""Quantities that every draw of every chain has a value of."""
QUANTITIES = ("q", "Q", "rho", "P", "m", "x_squared", "energy")
HISTOGRAM_STRIDE = 5
COLD, HOT = 1e-2, 2.0
"""Distance of the first states from rest, in units of the width of the model's scales."""
LARGEST_R_HAT = 1.1


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
    instance: Instance, g: float, gamma: float, temperature: float, sampling: Sampling
) -> dict[str, np.ndarray]:
    """Sample the measure ``exp(-E/T)`` of one network.

    Parameters
    ----------
    instance : Instance
        The network, of at least 2 units.
    g, gamma, temperature : float
    sampling : Sampling

    Returns
    -------
    dict of str to ndarray
        ``value`` and ``monte_carlo_error``, in the order of `QUANTITIES`; ``r_hat`` and ``ess``,
        the worst of the order parameter q and the energy; ``hot`` and ``cold``, the averages of
        q over chains by their start; ``acceptance``; with edges ``histogram``, the share of units
        in every bin.

    Raises
    ------
    ModelError
        If a parameter is out of range or the measure cannot be sampled.

    Notes
    -----
    With the response field integrated out, the response of a replica is an average of the state,
    ``rho = <u c>/N`` with ``u = -(1/T) dE/dH`` and the drive H; that of two is ``P = <u><c>/N``.
    Overlaps are of time averages in different, independent chains, which no correlation biases.

    Examples
    --------
    >>> from numerics.instances import Instance
    >>> from theory import RandomNetwork
    >>> from validation.sampling import Sampling
    >>> short = Sampling(chains=4, draws=20, warmup=50)
    >>> run = simulate_network(Instance(RandomNetwork(), size=20), 0.5, 0.0, 0.5, short)
    >>> run["value"].shape
    (7,)
    """
    network, size = instance.model, instance.size
    check_parameters(g, gamma, temperature, network.confinement)
    if size < 2:
        msg = f"size must be at least 2, not {size}"
        raise ModelError(msg)
    target = instance.target(g, gamma)
    generator = instance.generator("momenta")
    state, step = starts(instance, sampling.chains, temperature), None
    for doubling in range(sampling.doublings + 1):
        recorder = Recorder(network, target.drive_gradient, temperature, sampling.edges)
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


def starts(instance: Instance, chains: int, temperature: float) -> np.ndarray:
    """Cold states, near rest, in the first half of the columns, hot ones in the second."""
    offsets = instance.generator("starts").standard_normal((instance.size, chains))
    offsets *= np.where(np.arange(chains) < chains // 2, COLD, HOT)
    return instance.scales.states(offsets, temperature)


class Recorder:
    """Observes draws, and sums what is needed at the end of a run.

    Parameters
    ----------
    network : RandomNetwork
    drive_gradient : callable
        As of a `numerics.targets.Target`.
    temperature : float or ndarray, shape (S,)
        T of every column.
    edges : sequence of float, shape (bins + 1,)
        Of the histogram of ``x``.
    """

    def __init__(
        self,
        network: RandomNetwork,
        drive_gradient: Callable[[np.ndarray], np.ndarray] | None,
        temperature: float | np.ndarray,
        edges: Sequence[float] | np.ndarray,
    ) -> None:
        self.transfer = transfer_function(network)
        assert drive_gradient is not None
        self.drive_gradient = drive_gradient
        self.temperature, self.edges = temperature, np.array(edges)
        self.draw = 0
        self.seen: list[np.ndarray] = []
        self.activity: np.ndarray | float = 0.0
        self.response: np.ndarray | float = 0.0

    def observe(self, x: np.ndarray) -> np.ndarray:
        """Quantities of every chain, without the energy."""
        c = self.transfer(x)
        u = -self.drive_gradient(x) / self.temperature
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
        result = {
            "value": np.array(value),
            "monte_carlo_error": np.array(error),
            "r_hat": np.array(max(d.r_hat for d in watched)),
            "ess": np.array(min(d.ess for d in watched)),
            "cold": q[:, : chains // 2].mean(),
            "hot": q[:, chains // 2 :].mean(),
        }
        if len(self.edges):
            states = np.stack(self.seen)[..., columns]
            result["histogram"] = np.histogram(states, self.edges)[0] / states.size
        return result
