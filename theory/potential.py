"""The quasi-potential of a dynamics: its squared speed, and everything that follows by `diff`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from theory.coordinates import ExplicitForm, J, N, NetworkForm, k, l
from theory.dynamics import Dynamics
from theory.ensembles import RandomNetwork, T, gamma
from theory.expressions import ModelError
from theory.identities import vanishes
from theory.rendering import latex
from theory.values import Value

NO_DERIVATIVES = ("drift", "drive_gradient", "energy")
"""What a system whose drift jumps has too."""


@dataclass(frozen=True, repr=False)
class QuasiPotential(Value):
    r"""Half the squared speed of a dynamics plus a confinement.

    ``E(x) = 1/2 sum_i F_i(x)^2 + eta sum_i x_i^2``. The Langevin dynamics
    ``dx = -grad E dt + sqrt(2 T) dW`` has the stationary density ``exp(-E/T)/Z``, which for
    small T sits on the steady states ``F = 0`` of the original dynamics.

    Parameters
    ----------
    system : RandomNetwork or Dynamics
        For a network the expressions hold for any number of units N: vectors have the free index
        k, matrices the indices k and l. For an explicit system they are matrices.
    confinement : number or sympy.Expr, optional
        ``eta >= 0`` of an explicit system, by default 0. A network has its own.

    Raises
    ------
    ModelError
        If the system is neither, or the confinement is negative or given twice.

    References
    ----------
    Qiu & Huang, arXiv 2401.10009, eqs. (3) and (4).

    Examples
    --------
    >>> QuasiPotential(Dynamics(["x"], ["x - x**3"])).gradient
    Matrix([[x*(1 - 3*x**2)*(1 - x**2)]])
    >>> QuasiPotential(RandomNetwork(transfer="x")).energy
    Sum((-x[i] + Sum(J[i, j]*x[j], (j, 1, N)))**2, (i, 1, N))/2
    """

    system: RandomNetwork | Dynamics
    confinement: float | sp.Expr | None = None

    def __post_init__(self) -> None:
        confinement = self.confinement
        if isinstance(self.system, RandomNetwork):
            if confinement is not None:
                msg = "a RandomNetwork has its own confinement: RandomNetwork(confinement=...)"
                raise ModelError(msg)
            confinement = self.system.confinement
        elif not isinstance(self.system, Dynamics):
            msg = (
                f"the system must be a RandomNetwork or Dynamics, not {type(self.system).__name__}"
            )
            raise ModelError(msg)
        value = _confinement(0 if confinement is None else confinement)
        object.__setattr__(self, "confinement", value)

    @cached_property
    def form(self) -> NetworkForm | ExplicitForm:
        """The states of the system and what differentiates them."""
        if isinstance(self.system, RandomNetwork):
            return NetworkForm(self.system)
        return ExplicitForm(self.system)

    def __repr__(self) -> str:
        return f"QuasiPotential({self.system}, confinement={self.confinement})"

    def _repr_latex_(self) -> str:
        lines = [rf"E &= {latex(self.energy)}"]
        try:
            component = (
                r"\nabla E" if self.system_is_explicit else r"\frac{\partial E}{\partial x_k}"
            )
            lines.append(rf"{component} &= {latex(self.gradient)}")
        except ModelError as error:
            lines.append(rf"&\text{{{error}}}")
        body = r" \\ ".join(lines)
        return rf"$\displaystyle \begin{{aligned}} {body} \end{{aligned}}$"

    @property
    def system_is_explicit(self) -> bool:
        """Whether the system has a few named variables."""
        return isinstance(self.form, ExplicitForm)

    @property
    def drift(self) -> sp.Expr | sp.Matrix:
        """The drift F of the original dynamics."""
        return self.form.drift

    @cached_property
    def jump(self) -> str:
        """Why the drift has no derivatives: where it jumps; empty if it is continuous.

        Kinks are no hindrance: derivatives are needed almost everywhere, see `theory.smoothness`.
        """
        try:
            self.form.check_continuous()
        except ModelError as error:
            return str(error)
        return ""

    def _check_derivatives(self) -> None:
        if self.jump:
            raise ModelError(self.jump)

    @cached_property
    def jacobian(self) -> sp.Expr | sp.Matrix:
        """Derivative of the drift F almost everywhere; refused with the reason if F jumps."""
        self._check_derivatives()
        return self.form.jacobian(self.form.drift)

    @cached_property
    def energy(self) -> sp.Expr:
        """The quasi-potential E."""
        speed, distance = map(self.form.squared_norm, (self.form.drift, self.form.states))
        return speed / 2 + self.confinement * distance

    @cached_property
    def gradient(self) -> sp.Expr | sp.Matrix:
        """Derivative of the energy almost everywhere; refused with the reason if F jumps."""
        self._check_derivatives()
        return self.form.gradient(self.energy)

    @cached_property
    def hessian(self) -> sp.Expr | sp.Matrix:
        """Second derivative of the energy away from kinks; refused if F jumps."""
        self._check_derivatives()
        return self.form.jacobian(self.gradient)

    @property
    def langevin_drift(self) -> sp.Expr | sp.Matrix:
        """Drift ``-grad E`` of the dynamics whose stationary density is ``exp(-E/T)``."""
        return -self.gradient

    @cached_property
    def curl(self) -> sp.Expr | sp.Matrix:
        """``dF_k/dx_l - dF_l/dx_k``, zero where the drift is a gradient."""
        return self.jacobian - self.form.transpose(self.jacobian)

    def drift_is_gradient(self, gamma: float | None = None) -> bool:
        """Whether the drift F is the gradient of a function, decided symbolically.

        Parameters
        ----------
        gamma : float, optional
            Reciprocity of the couplings; needed for a network, for which the answer holds for all
            networks of the ensemble with ``g > 0``.

        Returns
        -------
        bool

        Raises
        ------
        ModelError
            If gamma is missing for a network or given for an explicit system.

        Examples
        --------
        >>> potential = QuasiPotential(RandomNetwork(transfer="x"))
        >>> potential.drift_is_gradient(gamma=1), potential.drift_is_gradient(gamma=0.5)
        (True, False)
        """
        if isinstance(self.system, Dynamics):
            if gamma is not None:
                msg = "gamma belongs to random networks; call drift_is_gradient() without it"
                raise ModelError(msg)
            return all(vanishes(component) for component in self.curl)
        if gamma is None:
            msg = "whether a network's drift is a gradient depends on gamma: drift_is_gradient(1)"
            raise ModelError(msg)
        assert isinstance(self.form, NetworkForm)
        off_diagonal = self.curl.subs(sp.KroneckerDelta(k, l), 0)
        return vanishes(off_diagonal.xreplace(_reciprocal_coupling(self.system, gamma)))

    def explicit(self, size: int) -> Dynamics:
        """Write a network of a given size out as an explicit system.

        Parameters
        ----------
        size : int
            Number of units; the couplings become the symbols ``J_11``, ``J_12``, ...

        Returns
        -------
        Dynamics

        Raises
        ------
        ModelError
            If the system is explicit already or the size is not positive.

        Examples
        --------
        >>> QuasiPotential(RandomNetwork(transfer="x")).explicit(2).drift
        (J_11*x_1 + J_12*x_2 - x_1, J_21*x_1 + J_22*x_2 - x_2)
        """
        if not isinstance(self.form, NetworkForm):
            msg = "the system is explicit already"
            raise ModelError(msg)
        if size < 1:
            msg = f"size must be at least 1, not {size}"
            raise ModelError(msg)
        form, places = self.form, range(1, size + 1)
        states = tuple(form.explicit(form.states, size, place) for place in places)
        return Dynamics(states, tuple(form.explicit(form.drift, size, place) for place in places))

    def fokker_planck_residual(
        self, drift: sp.Matrix | None = None, temperature: sp.Expr | float = T
    ) -> sp.Expr:
        """``L p / p`` for ``p = exp(-E/T)`` and the Fokker-Planck operator L of a dynamics.

        The dynamics is ``dx = drift dt + sqrt(2 T) dW``, in the sense of Ito, which does not
        matter for additive noise.

        Parameters
        ----------
        drift : sympy.Matrix, optional
            By default the Langevin drift, for which the residual is zero.
        temperature : sympy.Expr or float
            T.

        Returns
        -------
        sympy.Expr
            Zero if ``exp(-E/T)`` is stationary, else not simplified.

        Raises
        ------
        ModelError
            For a network of any size; make it explicit first.

        Examples
        --------
        >>> x, y = sp.symbols("x y", real=True)
        >>> potential = QuasiPotential(Dynamics([x, y], [x - x**3 + y, -y]))
        >>> potential.fokker_planck_residual()
        0
        """
        if not isinstance(self.system, Dynamics):
            msg = "write the network out first: QuasiPotential(potential.explicit(3))"
            raise ModelError(msg)
        variables = self.system.variables
        drift = self.langevin_drift if drift is None else sp.Matrix(drift)
        # the energy stays a name while the density is divided out
        energy = sp.Function("E", real=True)(*variables)
        density = sp.exp(-energy / temperature)
        current = [
            component * density - temperature * density.diff(variable)
            for variable, component in zip(variables, drift, strict=True)
        ]
        change = -sum(part.diff(at) for part, at in zip(current, variables, strict=True))
        residual = sp.expand(change / density).subs(energy, self.energy).doit()
        return sp.Integer(0) if vanishes(residual) else sp.factor_terms(residual)


def _confinement(value: float | sp.Expr) -> sp.Expr:
    """Read a number exactly as it is written, so that 0.1 is 1/10."""
    confinement = value if isinstance(value, sp.Basic) else sp.Rational(str(value))
    if confinement.is_negative or not isinstance(confinement, sp.Expr):
        msg = f"confinement must be a number >= 0, not {value}"
        raise ModelError(msg)
    return confinement


def _reciprocal_coupling(network: RandomNetwork, value: float) -> dict[sp.Expr, sp.Expr]:
    """Express ``J_lk`` by ``J_kl`` if a linear combination of the two does not fluctuate."""

    def covariance(first: tuple, second: tuple) -> sp.Expr:
        delta = sp.KroneckerDelta(k, l)
        return network.coupling_covariance(first, second, N).subs({delta: 0, gamma: value})

    for sign in (1, -1):
        variance = covariance((k, l), (k, l)) - sign * covariance((k, l), (l, k))
        if sp.simplify(variance) == 0:
            mean = network.coupling_mean(N).subs(network.values)
            return {J[l, k]: mean + sign * (J[k, l] - mean)}
    return {}
