"""Many Hamiltonian trajectories side by side, each accepted or rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from theory.expressions import ModelError
from validation.confinement import farthest

if TYPE_CHECKING:
    from numerics.targets import Target

_DIVERGED = 1000.0  # energy error in units of T, as in Stan


class Scheme(NamedTuple):
    """A reversible splitting of one step into kicks (momentum) and drifts (position) in turn.

    Parameters
    ----------
    kicks : tuple of float
        Parts of the step, one more than drifts, the same read backwards; the first and the last
        of neighbouring steps are one.
    drifts : tuple of float
        Parts of the step, each with one gradient after it.
    """

    kicks: tuple[float, ...]
    drifts: tuple[float, ...]


LEAPFROG = Scheme((0.5, 0.5), (1.0,))
_KICK, _DRIFT = 0.11888010966548, 0.29619504261126
THREE_STAGE = Scheme((_KICK, 0.5 - _KICK, 0.5 - _KICK, _KICK), (_DRIFT, 1 - 2 * _DRIFT, _DRIFT))
"""Three gradients a step, with the smallest expected error of the energy for harmonic modes of all
frequencies up to its stability limit: Blanes, Casas & Sanz-Serna, SIAM J. Sci. Comput. 36, A1556
(2014)."""


class Walkers:
    """States in columns with their energies and gradients, moved by Hamiltonian trajectories.

    Trajectories of ``H = E + p^2/2``, with momenta of variance T so that times do not
    depend on T, are accepted with probability ``min(1, exp(-dH/T))`` (Duane et al. 1987; Neal
    2011). A trajectory of one leapfrog of size s is one step of the Metropolis-adjusted Langevin
    algorithm with time step ``s^2/2``. Steps are in units of the target's time: the same random
    numbers give the same trajectories in all units of the model.

    Parameters
    ----------
    target : Target
    start : array_like, shape (N, S)
    temperature : float or array_like, shape (S,)
        T of every column.
    generator : numpy.random.Generator
    scheme : Scheme
        How a step is integrated.

    Attributes
    ----------
    scales : Scales
        Of the target.
    x : ndarray, shape (N, S)
    energy : ndarray, shape (S,)
    gradient : ndarray, shape (N, S)
    divergences : int
        Trajectories so far that were not finite or lost more than 1000 T of energy.

    Raises
    ------
    ModelError
        If the temperature is not positive or the start has the wrong shape or is not finite.

    References
    ----------
    Duane et al., Phys. Lett. B 195, 216 (1987); Neal, arXiv 1206.1901.

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x"], ["-x"]))
    >>> walkers = Walkers(target, np.zeros((1, 4)), 1.0, np.random.default_rng(0))
    >>> bool((walkers.move(step=0.1, count=10) > 0.9).all())
    True
    """

    def __init__(
        self,
        target: Target,
        start: np.ndarray,
        temperature: float | np.ndarray,
        generator: np.random.Generator,
        scheme: Scheme = LEAPFROG,
    ) -> None:
        self.x = checked_start(target, start)
        columns = self.x.shape[1]
        self.temperature = np.broadcast_to(checked_temperature(temperature), columns)
        self._evaluate, self._generator = target.energy_and_gradient, generator
        self._scheme = scheme
        self.energy, self.gradient = self._evaluate(self.x)
        if not (np.isfinite(self.energy).all() and np.isfinite(self.gradient).all()):
            msg = "the energy or its gradient is not finite at the start; start nearer to 0"
            raise ModelError(msg)
        self.divergences = 0
        self.scales = target.scales
        self._limit = farthest(self.x, self.temperature, self.scales)
        self._proposal, self._momentum, self._change = (np.empty_like(self.x) for _ in range(3))

    def move(self, step: float | np.ndarray, count: int, *, accept: bool = True) -> np.ndarray:
        """Move every column along one trajectory and return the acceptance probabilities.

        Parameters
        ----------
        step : float or ndarray, shape (S,)
            In units of the target's time.
        count : int
            Number of steps.
        accept : bool
            If not, all columns stay where they are.

        Returns
        -------
        ndarray, shape (S,)

        Raises
        ------
        ModelError
            If states run off to infinity or an energy is negative.
        """
        x, p = self._proposal, self._momentum
        self._generator.standard_normal(out=p)
        p *= np.sqrt(self.temperature)
        # overflow is what divergent trajectories do; they are rejected below
        with np.errstate(all="ignore"):
            before = self.energy + 0.5 * np.einsum("is,is->s", p, p)
            energy, gradient = self._integrate(step, count)
            loss = (energy + 0.5 * np.einsum("is,is->s", p, p) - before) / self.temperature
        loss[~np.isfinite(loss)] = np.inf
        probability = np.exp(-np.maximum(loss, 0.0))
        if accept:
            self.divergences += int(np.count_nonzero(loss > _DIVERGED))
            accepted = self._generator.random(len(loss)) < probability
            for place, new in ((self.x, x), (self.energy, energy), (self.gradient, gradient)):
                np.copyto(place, new, where=accepted)
            self._check()
        return probability

    def _integrate(self, step: float | np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Carry proposal and momentum along ``count`` steps; final energy and gradient."""
        x, p, change = self._proposal, self._momentum, self._change
        step = step * self.scales.time
        np.copyto(x, self.x)
        (first, *inner), drifts = self._scheme
        inner[-1] += first  # the last kick of a step and the first of the next are one
        gradient, kick = self.gradient, first
        for _ in range(count):
            for drift, following in zip(drifts, inner, strict=True):
                p -= np.multiply(gradient, kick * step, out=change)
                x += np.multiply(p, drift * step, out=change)
                energy, gradient = self._evaluate(x)
                kick = following
        p -= np.multiply(gradient, first * step, out=change)
        return energy, gradient

    def exchange(self, order: np.ndarray) -> None:
        """Reorder the columns of states; temperatures stay."""
        self.x, self.gradient = self.x[:, order], self.gradient[:, order]
        self.energy = self.energy[order]

    def _check(self) -> None:
        """Refuse what no normalisable measure does."""
        origin, limit = self.scales.origin, self._limit
        if self.x.max() > origin + limit or self.x.min() < origin - limit:
            msg = (
                f"states ran away beyond {limit:.3g} from rest: the measure exp(-E/T) cannot be"
                " normalised or hardly so; use a local drift that grows with x or confinement > 0"
            )
            raise ModelError(msg)
        lowest = self.energy.min()
        if lowest < -1e-6 * self.temperature.max():
            msg = (
                f"the energy is {lowest:.3g} < 0 somewhere, but a quasi-potential is a sum of"
                " squares; give the target's function half the squared drift"
            )
            raise ModelError(msg)


def checked_temperature(temperature: float | np.ndarray) -> np.ndarray:
    """Refuse temperatures that are not positive and finite."""
    values = np.asarray(temperature, dtype=np.float64)
    if not (np.isfinite(values).all() and (values > 0).all()):
        msg = f"temperature must be finite and positive, not {temperature}; sample at T > 0"
        raise ModelError(msg)
    return values


def checked_start(target: Target, start: np.ndarray) -> np.ndarray:
    """Copy of the start, one state a column, refused if it does not fit."""
    x = np.array(start, dtype=np.float64, order="C")
    if x.ndim != 2 or x.shape[0] != target.size or x.shape[1] < 1:
        msg = (
            f"the start has one state in every column, shape ({target.size}, chains), not"
            f" {x.shape}; for one chain give shape ({target.size}, 1)"
        )
        raise ModelError(msg)
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        msg = f"the start is {x[row, column]} in unit {row} of chain {column}; give finite states"
        raise ModelError(msg)
    return x
