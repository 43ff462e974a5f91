"""The stationary state of the dynamics of infinitely large networks without reciprocity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from numerics.autocovariance import Fall
from numerics.separation import decay_of_separation
from numerics.smoothing import Rule
from numerics.stationary_equation import Equation, Trial
from numerics.stationary_moments import CHANGE, ROUNDING, polished, states
from theory import ensembles, stationary_process
from theory.ensembles import check_parameters
from theory.expressions import ModelError
from theory.stationary_process import StationaryProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    import sympy as sp

    from numerics.stationary_moments import Solution
    from theory.ensembles import RandomNetwork

COARSE, FINE = Rule(12), Rule(16)
"""Of the integrals; the change from one to the other is part of every error."""


@dataclass(frozen=True)
class StationaryChaos:
    """Stationary fluctuating state of a large network with gamma = 0.

    Without noise it is the chaotic state. With noise it is whatever state the noise keeps
    moving, and `lyapunov` says whether it is chaotic.

    Parameters
    ----------
    network : RandomNetwork
        With a linear local drift that decays and a constant gain; any continuous transfer
        function, mean coupling and random fields.
    g : float
        Without noise, beyond the onset of chaos.
    gamma : float, optional
        Only 0 has a Gaussian stationary state.
    noise : float, optional
        D >= 0 of ``dx = F dt + sqrt(2 D) dW``.
    near : (mean, variance), optional
        Where several states coexist, the one closest to this mean and variance of x is meant.

    Raises
    ------
    ModelError
        If the state of a unit is not Gaussian, a number is out of range, no such state exists at
        this ``g`` or several do.

    Notes
    -----
    The autocovariance ``Delta`` obeys the equation that `theory.stationary_process` derives, a
    motion that conserves an energy: it falls from the variance and comes to rest at the variance
    over units of what does not change with time. `errors` has an estimate for every number: the
    change of the answer with a coarser quadrature, and what rounding does to the equations.

    References
    ----------
    Sompolinsky, Crisanti & Sommers, Phys. Rev. Lett. 61, 259 (1988); Kadmon & Sompolinsky, Phys.
    Rev. X 5, 041030 (2015); with noise Schuecker, Goedeke & Helias, Phys. Rev. X 8, 041029 (2018).

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> state = StationaryChaos(RandomNetwork(), g=1.5)
    >>> f"{state.x_squared:.8f} {state.transfer_squared:.8f} {state.x_dot_squared:.8f}"
    '0.74768638 0.34209349 0.02202397'
    >>> state.errors["x_squared"] < 1e-12
    True
    >>> f"{state.lyapunov:.8f}"
    '0.04674622'
    """

    network: RandomNetwork
    g: float
    gamma: float = 0.0
    noise: float = 0.0
    near: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        check_parameters(g=self.g, gamma=self.gamma)
        if not (np.isfinite(self.noise) and self.noise >= 0):
            raise ModelError(f"noise must be a finite number >= 0, not {self.noise}")
        _ = self._process

    @cached_property
    def _process(self) -> StationaryProcess:
        return StationaryProcess(self.network, self.gamma)

    @cached_property
    def _equation(self) -> Equation:
        return Equation.of(self._process, self.network, self.g, self.noise)

    @cached_property
    def _solutions(self) -> tuple[Solution, Solution]:
        """With coarse and fine quadrature."""
        candidates = states(self._equation)
        kind = "stationary state with noise" if self.noise else "chaotic state"
        if not candidates:
            advice = (
                "the model may not confine x"
                if self.noise
                else "it needs a larger g (within 1e-7 of the onset rounding hides it)"
            )
            raise ModelError(f"there is no {kind} at g = {self.g}; {advice}")
        if len(candidates) > 1 and self.near is None:
            listed = ", ".join(f"({mean:.4g}, {variance:.4g})" for mean, variance in candidates)
            msg = (
                f"{len(candidates)} stationary states coexist at g = {self.g}, with the (mean,"
                f" variance) of x {listed}; pass one of them as near"
            )
            raise ModelError(msg)
        aim = candidates[0] if self.near is None else self.near
        state = min(candidates, key=lambda one: np.hypot(*np.subtract(one, aim)))
        coarse, fine = (polished(self._equation, state, rule) for rule in (COARSE, FINE))
        if not fine.uncertainty.max() < 1e-4:
            msg = (
                f"the {kind} at g = {self.g} is known to {fine.uncertainty.max():.1g} only; it is"
                " too close to where it appears, use a slightly larger g"
            )
            raise ModelError(msg)
        return coarse, fine

    @property
    def _trial(self) -> Trial:
        return self._solutions[1].trial

    @property
    def x_mean(self) -> float:
        """Mean state of a unit."""
        return self._trial.mean

    @property
    def variance(self) -> float:
        """``Delta(0)``, the variance of the state of a unit."""
        return self._trial.variance

    @property
    def frozen_variance(self) -> float:
        """``Delta(infinity)``, the variance over units of their means over time."""
        return float(self._trial.frozen)

    @property
    def x_squared(self) -> float:
        """Mean of ``x^2``."""
        return _x_squared(self._trial)

    @property
    def transfer_mean(self) -> float:
        """Mean of ``c``."""
        return self._trial.smoothed.average

    @property
    def transfer_squared(self) -> float:
        """Mean of ``c^2``."""
        return _transfer_squared(self._trial)

    @property
    def x_dot_squared(self) -> float:
        """Mean square of the drift, without noise the velocity."""
        return self._drift_squared(self._trial)

    @cached_property
    def _drift_squared(self) -> Callable[[Trial], float]:
        expression, squares = self._process.square_drift, stationary_process
        slopes = [expression.diff(s) for s in (squares.C, squares.Delta, squares.D)]
        rest = expression.subs({squares.C: 0, squares.Delta: 0, squares.D: 0})
        coupling, decay, noise, field = (self._number(part) for part in (*slopes, rest))

        def square(trial: Trial) -> float:
            fields = coupling * _transfer_squared(trial) + field + noise * self.noise
            return fields + decay * trial.variance

        return square

    def _number(self, expression: sp.Expr) -> float:
        return float(expression.subs({ensembles.g: self.g, **self.network.values}))

    @cached_property
    def _fall(self) -> Fall:
        return Fall.of(self._trial)

    def _growth_rate(self, fall: Fall, order: int) -> float:
        """Largest exponent from the energy of the ground state, below that of the rest."""
        symbols = stationary_process
        slope = float(fall.slope(np.array(fall.depth)))
        rest = self._number(self._process.well.subs(symbols.C_slope, slope))
        energy = rest - decay_of_separation(fall, order) ** 2
        return float(self._process.growth_rate.subs(symbols.energy, energy))

    @cached_property
    def _exponents(self) -> tuple[float, float, float]:
        fall, order = self._fall, FINE.order
        plans = (fall, order), (fall, order + 4), (fall.coarser(), order)
        first, second, third = (self._growth_rate(*plan) for plan in plans)
        return first, second, third

    @property
    def lyapunov(self) -> float:
        """Largest Lyapunov exponent; NaN if the Schroedinger equation could not be solved."""
        return self._exponents[0]

    def autocovariance(self, lags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``Delta`` at lags >= 0, with an estimate of the error.

        Parameters
        ----------
        lags : array_like
            In the model's unit of time.

        Returns
        -------
        values, errors : ndarray
            Of the shape of ``lags``.

        Raises
        ------
        ModelError
            If a lag is negative or not finite.
        """
        lags = np.asarray(lags, dtype=float)
        if not (np.isfinite(lags) & (lags >= 0)).all():
            raise ModelError(f"lags must be finite numbers >= 0, not {lags}")
        values, coarser = (fall.at(lags) for fall in (self._fall, self._fall.coarser()))
        floor = self.errors["variance"] + 10 * ROUNDING * self.variance
        return values, np.abs(values - coarser) + 3 * floor

    @cached_property
    def errors(self) -> dict[str, float]:
        """Estimated errors of the numbers, by the names of the attributes; no integrals over lags.

        That of the exponent is `lyapunov_error`.
        """
        coarse, fine = self._solutions
        quantities: dict[str, Callable[[Trial], float]] = {
            "x_mean": lambda trial: trial.mean,
            "variance": lambda trial: trial.variance,
            "frozen_variance": lambda trial: float(trial.frozen),
            "x_squared": _x_squared,
            "transfer_mean": lambda trial: trial.smoothed.average,
            "transfer_squared": _transfer_squared,
            "x_dot_squared": self._drift_squared,
        }
        sizes = {"transfer_mean": _transfer_squared(fine.trial) ** 0.5}
        sizes["x_dot_squared"] = self._equation.stiffness * self.variance
        sizes["frozen_variance"] = self.frozen_variance
        found = {}
        for name, quantity in quantities.items():
            value = quantity(fine.trial)
            slopes = [(quantity(one) - value) / CHANGE for one in fine.changed]
            error = float(np.abs(slopes) @ fine.uncertainty)
            rounding = ROUNDING * max(abs(value), sizes.get(name, 0.0))
            found[name] = abs(value - quantity(coarse.trial)) + error + rounding
        return found

    @property
    def lyapunov_error(self) -> float:
        """Estimated error of `lyapunov`."""
        first, second, third = self._exponents
        coarse, fine = self._solutions
        unknown = fine.uncertainty[0] + abs(np.log(fine.trial.variance / coarse.trial.variance))
        rate = abs(first) + self._equation.stiffness**0.5
        change = abs(first - second) + abs(first - third)
        return float(change + rate * (10 * unknown + 10 * ROUNDING))


def _x_squared(trial: Trial) -> float:
    return trial.variance + trial.mean**2


def _transfer_squared(trial: Trial) -> float:
    return trial.smoothed.square.correlation + trial.smoothed.average**2
