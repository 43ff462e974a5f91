"""Where searches for fixed points start: random states, trajectories, samples of the measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.expressions import ModelError
from theory.streams import stream
from validation.samplers import hamiltonian
from validation.trajectories import simulate_dynamics

if TYPE_CHECKING:
    from numerics.targets import Target

KINDS = ("gaussian", "trajectory", "measure")
TRANSIENT = 50.0
"""Time after which a trajectory is taken to have forgotten its start."""
_DRAWS = 100


def starting_states(
    target: Target,
    count: int,
    kind: str = "gaussian",
    *,
    temperature: float = 1e-2,
    seed: int | np.random.SeedSequence = 0,
) -> np.ndarray:
    """Make states for a search of fixed points to start from.

    Parameters
    ----------
    target : Target
    count : int
        Number of states.
    kind : {"gaussian", "trajectory", "measure"}
        Independent normal numbers around rest, with the width of the target's scales as standard
        deviation; states that the dynamics without noise reached from there after a time of
        `TRANSIENT`; last states of as many chains of Hamiltonian Monte
        Carlo on ``exp(-E/T)``.
    temperature : float
        T of the measure.
    seed : int or numpy.random.SeedSequence
        The same seed gives the same bits; none of them are those that `RandomNetwork.draw`
        makes of it.

    Returns
    -------
    ndarray, shape (N, count)

    Raises
    ------
    ModelError
        If the kind is unknown or the number is not positive.

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x"], ["x - x**3"]))
    >>> ends = starting_states(target, 5, "trajectory")
    >>> bool(np.allclose(abs(ends), 1))
    True
    """
    if kind not in KINDS:
        raise ModelError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if count < 1:
        raise ModelError(f"count must be at least 1, not {count}")
    offsets = np.random.default_rng(stream(seed, "starts")).standard_normal((target.size, count))
    states = target.scales.states(offsets, temperature if kind == "measure" else 0.0)
    if kind == "trajectory":
        # only the last states are kept
        duration = TRANSIENT * target.scales.time
        found = simulate_dynamics(target, states, duration, step=duration)
        return found.x.isel(time=-1).transpose("unit", "chain").values
    if kind == "measure":
        samples = hamiltonian(
            target, states, temperature, draws=_DRAWS, warmup=_DRAWS,
            generator=np.random.default_rng(stream(seed, "momenta")),
            observe=lambda x: np.zeros((0, x.shape[1])),
        )  # fmt: skip
        return samples.state
    return states
