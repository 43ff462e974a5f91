"""Simulating the measure as the work of a sweep: drawn networks at many parameters."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import xarray as xr

from numerics.instances import Instance
from numerics.phases import AXES
from numerics.solving_task import variant
from numerics.sweep_task import Task, Variable, as_axis
from theory.codegen.kernels import network_kernels
from theory.ensembles import BLOCK, check_network, check_parameters
from theory.expressions import ModelError
from validation.equilibrium import checked_sizes
from validation.runs import model_settings
from validation.sampling import NETWORKS, Sampling
from validation.simulate import (
    HISTOGRAM_STRIDE,
    LARGEST_R_HAT,
    QUANTITIES,
    simulate_network,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from theory.ensembles import RandomNetwork

STATES = 24
"""Arrays like the states of all chains that are in use at one time, beside the draws kept for the
histogram; measured, and rounded up."""
_DERIVING = threading.Lock()


@dataclass(frozen=True, eq=False)
class SimulatingTask(Task):
    """Sample ``exp(-E/T)`` of drawn networks on an outer product, for `numerics.sweep`.

    Parameters
    ----------
    model : RandomNetwork
    g, gamma, temperature : float or array_like
        As for `validation.validate`; temperatures are positive.
    size : int or array_like
        N.
    network : array_like of int
        Numbers of the networks; with the seed and the size they fix the random numbers, whatever
        else is simulated.
    mean, field_std : float or array_like, optional
        Of the couplings and of the fields, by default those of the model.
    seed : int
    sampling : Sampling

    Raises
    ------
    ModelError
        If a parameter is out of range.

    Notes
    -----
    The theory is not repeated for every network: a `numerics.SolvingTask` over the same axes has
    the same labels, and xarray aligns the two.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> from validation.sampling import Sampling
    >>> short = Sampling(chains=4, draws=20, warmup=50)
    >>> task = SimulatingTask(RandomNetwork(), 0.5, 0.0, 0.5, 20, [0, 1], sampling=short)
    >>> dict(task.compute().value.squeeze().sizes)
    {'network': 2, 'quantity': 7}
    """

    model: RandomNetwork
    g: ArrayLike
    gamma: ArrayLike
    temperature: ArrayLike
    size: ArrayLike
    network: ArrayLike = tuple(range(NETWORKS))
    mean: ArrayLike | None = None
    field_std: ArrayLike | None = None
    seed: int = 0
    sampling: Sampling = field(default_factory=Sampling)

    AXES: ClassVar = (*AXES, "mean", "field_std", "size", "network")
    VARIABLES: ClassVar = {
        "value": Variable("average over chains and draws of one network", dims=("quantity",)),
        "monte_carlo_error": Variable(
            "Monte Carlo standard error of that average", dims=("quantity",)
        ),
        "r_hat": Variable("largest rank-normalised split R-hat of q and the energy"),
        "ess": Variable("smallest effective sample size of q and the energy"),
        "cold": Variable("q of chains started near rest"),
        "hot": Variable("q of chains started from wide random states"),
        "acceptance": Variable("mean acceptance probability"),
    }
    POINTS_TOGETHER: ClassVar = 1

    def __post_init__(self) -> None:
        check_network(self.model, "SimulatingTask")
        for name in self.AXES[:-2]:
            values = getattr(self, name)
            default = getattr(self.model, name, None)
            object.__setattr__(self, name, as_axis(name, default if values is None else values))
        sizes = checked_sizes(np.atleast_1d(np.asarray(self.size)).tolist())
        object.__setattr__(self, "size", np.array(sizes))
        object.__setattr__(self, "network", _numbers(self.network))
        # what is allowed lies between two bounds, and NaN is both ends of what it is in
        for name in AXES:
            for value in (self.axes[name].min(), self.axes[name].max()):
                check_parameters(**{name: value}, confinement=self.model.confinement)
        if not (self.axes["temperature"] > 0).all():
            msg = "temperature 0 has no measure to sample; simulate at positive temperatures"
            raise ModelError(msg)
        for mean, field_std in product(self.axes["mean"], self.axes["field_std"]):
            variant(self.model, mean, field_std)

    @property
    def coordinates(self) -> dict[str, np.ndarray]:
        """Names of the quantities."""
        return {"quantity": np.array(QUANTITIES)}

    @property
    def record(self) -> dict[str, Any]:
        """All that the result depends on beside the axes."""
        model = {k: v for k, v in model_settings(self.model).items() if k not in self.AXES}
        sampling = {k: v for k, v in asdict(self.sampling).items() if k != "edges"}
        return {"task": "simulate", "model": model, "settings": {"seed": self.seed, **sampling}}

    def memory(self, chunks: Mapping[str, int]) -> tuple[float, str]:
        """Estimate the bytes of one network, the couplings first; a thread has one at a time."""
        size, sampling = int(self.axes["size"].max()), self.sampling
        couplings = size**2 + 4 * min(size, BLOCK) ** 2
        # kept one by one, together, and once more in order
        kept = 3 * sampling.draws * 2**sampling.doublings / HISTOGRAM_STRIDE
        states = (STATES + kept) * size * sampling.chains
        return 8 * (couplings + states), f"simulating networks of {size} units"

    def compute(self, threads: int = 1) -> xr.Dataset:
        """Simulate all networks at all parameters.

        Parameters
        ----------
        threads : int
            Networks simulated side by side; the result does not depend on it.

        Returns
        -------
        xarray.Dataset
            ``value`` and ``monte_carlo_error`` of every quantity, ``r_hat``, ``ess`` and what
            else `validation.simulate.simulate_network` gives; ``converged`` where R-hat is small.
        """
        points = list(product(*self.axes.values()))
        with ThreadPoolExecutor(threads) as pool:
            runs = list(pool.map(self._simulated, points))
        shape = tuple(self.lengths.values())
        columns = {
            name: (
                (*self.AXES, *variable.dims),
                np.array([run[name] for run in runs]).reshape(*shape, *self._further(variable)),
            )
            for name, variable in self.VARIABLES.items()
        }
        reasons = np.array([run["reason"] for run in runs], dtype=object).reshape(shape)
        columns |= {"converged": (self.AXES, reasons == ""), "reason": (self.AXES, reasons)}
        return xr.Dataset(columns, self.axes | self.coordinates)

    def _further(self, variable: Variable) -> list[int]:
        return [len(self.coordinates[name]) for name in variable.dims]

    def _simulated(self, point: tuple[float, ...]) -> dict[str, Any]:
        """Simulate one network; what cannot be sampled is NaN, with the reason."""
        g, gamma, temperature, mean, field_std, size, index = point
        model = variant(self.model, mean, field_std)
        with _DERIVING:
            network_kernels(model)
        instance = Instance(model, int(size), self.seed, int(index))
        try:
            found: dict[str, Any] = simulate_network(
                instance, float(g), float(gamma), float(temperature), self.sampling
            )
        except ModelError as error:
            nothing = {k: np.full(self._further(v), np.nan) for k, v in self.VARIABLES.items()}
            return nothing | {"reason": str(error)}
        r_hat = float(found["r_hat"])
        mixed = r_hat < LARGEST_R_HAT
        return found | {"reason": "" if mixed else f"chains did not mix: R-hat {r_hat:.3f}"}


def _numbers(network: ArrayLike) -> np.ndarray:
    """Refuse numbers of networks that are none."""
    numbers = as_axis("network", network)
    if (numbers < 0).any() or (numbers != np.round(numbers)).any():
        msg = f"network must hold whole numbers, 0 or more, not {numbers.tolist()}"
        raise ModelError(msg)
    return numbers.astype(int)
