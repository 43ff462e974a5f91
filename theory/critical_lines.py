r"""Critical lines in closed form, from the functional near the quiescent state.

Two things happen to a network without fields as its coupling grows, at T -> 0. The response
becomes singular, where the linear network loses its solution; and the activity q stops vanishing
with T, which the linear network leaves open and cubic terms decide. Where the second line is later,
q vanishes like sqrt(T) in between; where it is earlier, the quiescent and the active state both
exist in between. A mean coupling adds a third: mean activity grows where the couplings have an
eigenvalue outside their bulk that is large enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from theory.critical_steps import (
    ONSET,
    OUTLIER,
    RESPONSE,
    condition_step,
    onset_steps,
    outlier_steps,
    quiescent_steps,
)
from theory.derivation import Derivation
from theory.ensembles import RandomNetwork, T, check_parameters, g, gamma, mu
from theory.expressions import ModelError
from theory.quiescence import check_quiescent, check_symmetric, taylor_coefficients
from theory.quiescent_expansion import a1, b0, c1, kappa, quiescent_expansion, tau
from theory.values import Value

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_STRENGTH, _SQUARE = sp.Symbol("G", positive=True), sp.Symbol("g_squared", real=True)


@dataclass(frozen=True)
class CriticalLine(Value):
    """A line in the plane of coupling strength and reciprocity.

    Parameters
    ----------
    general : sympy.Eq
        The condition for any model, in the Taylor coefficients of its functions at 0.
    condition : sympy.Eq
        The condition for this model.
    coupling : sympy.Expr
        The coupling strength g on the line as a function of gamma; NaN where there is none.
    derivation : Derivation
        The steps, for this model.
    missing : str
        Why there is no line at some gamma.
    outlier : CriticalLine, optional
        With a mean coupling of the sign that supports activity: where the mean activity grows. Of
        the line of the response, ``coupling`` is then where the quiescent state is lost, to
        either; the outlier's is a bound from below where it lies below that.
    """

    general: sp.Eq
    condition: sp.Eq
    coupling: sp.Expr
    derivation: Derivation
    missing: str = ""
    outlier: CriticalLine | None = None

    def at(self, reciprocity: float) -> float:
        """Coupling strength on the line; infinite where the line is not reached.

        Parameters
        ----------
        reciprocity : float
            gamma, from -1 to 1.

        Returns
        -------
        float

        Raises
        ------
        ModelError
            Where there is no line, with the reason.

        Examples
        --------
        >>> response_singularity(RandomNetwork()).at(0.25)
        0.8
        """
        check_parameters(gamma=reciprocity)
        value = self.coupling.subs(gamma, sp.nsimplify(reciprocity, rational=True))
        if value is sp.nan:
            raise ModelError(f"{self.missing}, here at gamma = {reciprocity:g}")
        return float("inf") if value is sp.zoo else float(value)

    def along(self, reciprocities: ArrayLike) -> np.ndarray:
        """Coupling strength on the line for many gamma; NaN where there is none.

        Parameters
        ----------
        reciprocities : array_like

        Returns
        -------
        ndarray

        Examples
        --------
        >>> response_singularity(RandomNetwork()).along([-1, 0, 0.25]).tolist()
        [inf, 1.0, 0.8]
        """
        values = np.asarray(reciprocities, dtype=float)
        with np.errstate(all="ignore"):  # branches of a case distinction that do not hold
            line = sp.lambdify(gamma, self.coupling)(values)
        return np.array(np.broadcast_to(line, values.shape))


@dataclass(frozen=True, kw_only=True)
class ActivityOnset(CriticalLine):
    """The line where q stops vanishing with the temperature, and q near it.

    Parameters
    ----------
    activity : sympy.Expr
        q at T = 0 near the line, to first order in the distance, as a function of g and gamma.
    marginal_activity : sympy.Expr
        q for T -> 0 between this line and that of the response, where it vanishes like sqrt(T);
        for gamma < 0 it is the unstable state between the quiescent and the active one.
    """

    activity: sp.Expr
    marginal_activity: sp.Expr


def response_singularity(network: RandomNetwork) -> CriticalLine:
    """Line on which the quiescent state is lost, for T -> 0.

    There the susceptibility ``q/T`` diverges or, with a mean coupling, that of the mean activity
    (`CriticalLine.outlier`).

    Parameters
    ----------
    network : RandomNetwork
        With ``a(0) = c(0) = 0``; it need not be symmetric.

    Returns
    -------
    CriticalLine

    Raises
    ------
    ModelError
        If there is no quiescent state.

    References
    ----------
    Qiu & Huang, arXiv 2401.10009: the peak of the response. S. O'Rourke and D. Renfrew, Electron.
    J. Probab. 19, 43 (2014): the outlier of elliptic matrices.

    Examples
    --------
    >>> response_singularity(RandomNetwork()).condition
    Eq(g*(gamma + 1), 1)
    >>> ferromagnet = response_singularity(RandomNetwork(mean=0.75))
    >>> ferromagnet.outlier.condition
    Eq(4*g**2*gamma/3 + 3/4, 1)
    >>> print(f"{ferromagnet.at(0.25):.6f} {ferromagnet.at(0.75):.6f}")
    0.800000 0.500000
    """
    check_quiescent(network)
    expansion, values = quiescent_expansion(), taylor_coefficients(network, 1)
    # the susceptibility diverges where its pole and the response equation share a root rho
    pole = sp.expand(sp.denom(sp.together(expansion.susceptibility)))
    shared = sp.resultant(pole, expansion.response_equation, expansion.rho)
    roots = sp.solve(shared.subs(gamma, _STRENGTH / g - 1), _STRENGTH)
    (root,) = {sp.simplify(sp.Abs(root)) for root in roots}
    general = sp.Eq(g * (1 + gamma), root)
    condition = sp.Eq(general.lhs, root.subs(values))
    steps = (*quiescent_steps(expansion), condition_step(RESPONSE, general, network, condition))
    bulk = condition.rhs / (1 + gamma)
    outlier = _outlier(network)
    if outlier is None:
        return CriticalLine(general, condition, bulk, Derivation(steps))
    grown = abs(_mean(network)) >= abs(outlier.condition.rhs)  # already at g = 0
    before = sp.nan if grown else outlier.coupling.args[0][0]
    return CriticalLine(
        general=general,
        condition=condition,
        coupling=_while_stable(bulk, before, outlier, network),
        derivation=Derivation((*steps, *outlier.derivation.steps)),
        missing=f"mean {network.mean} makes the state without mean activity unstable at every g",
        outlier=outlier,
    )


def _outlier(network: RandomNetwork) -> CriticalLine | None:
    """The line on which the mean activity of the quiescent state grows, if there is one."""
    expansion, values = quiescent_expansion(), taylor_coefficients(network, 1)
    determinant = sp.factor(expansion.mean_stability.subs({kappa: 0, tau: 1}))
    shared = sp.resultant(sp.numer(determinant), expansion.response_equation, expansion.rho)
    (slope,) = set(sp.solve(shared, a1))
    general = sp.Eq(sp.expand(-slope / (b0 * c1)), -a1 / (b0 * c1))
    mean = _mean(network)
    level = general.rhs.subs(values)
    if mean * level <= 0:  # no coupling, or one that opposes activity
        return None
    condition = sp.Eq(general.lhs.subs(mu, mean), level)
    (square,) = sp.solve(condition.subs(g**2, _SQUARE), _SQUARE)
    numerator = square * gamma
    # 0 < g^2 < mu^2, in a form that holds at gamma = 0 too
    there = sp.And(numerator * gamma > 0, numerator * gamma < (mean * gamma) ** 2)
    coupling = sp.Piecewise((sp.sqrt(square), there), (sp.nan, True))
    steps = (*outlier_steps(expansion), condition_step(OUTLIER, general, network, condition))
    missing = f"the eigenvalue that mean {network.mean} makes does not reach {level}"
    return CriticalLine(general, condition, coupling, Derivation(steps), missing)


def _while_stable(
    line: sp.Expr, otherwise: sp.Expr, outlier: CriticalLine, network: RandomNetwork
) -> sp.Expr:
    """A line of the state without mean activity where the outlier leaves that stable up to it."""
    level, mean = (sp.Abs(e) for e in (outlier.condition.rhs, _mean(network)))
    # the two lines of the response meet where the eigenvalue comes out of the bulk, g = |mu|
    return sp.Piecewise((line, mean * (1 + gamma) <= level), (otherwise, True))


def _mean(network: RandomNetwork) -> sp.Rational:
    return sp.nsimplify(network.mean, rational=True)


def activity_onset(network: RandomNetwork) -> ActivityOnset:
    """Line on which q at T = 0 becomes positive, on the symmetric branch.

    At T = 0 and to leading order in q, the functional does not depend on q; the term linear in
    q, from the cubic parts of the model's functions, decides.

    Parameters
    ----------
    network : RandomNetwork
        Symmetric: a and c odd, b even.

    Returns
    -------
    ActivityOnset

    Raises
    ------
    ModelError
        If there is no quiescent state, no symmetric branch, or no such line.

    Examples
    --------
    >>> activity_onset(RandomNetwork()).condition
    Eq(g**2*(gamma + 1), 1)
    >>> activity_onset(RandomNetwork()).activity.subs(gamma, 0)
    (g**2 - 1)/(2*g**2)
    """
    check_quiescent(network)
    check_symmetric(network)
    expansion, values = quiescent_expansion(), taylor_coefficients(network, 5)
    linear = sp.expand(sp.numer(sp.together(expansion.linear)))
    (root,) = sp.solve(linear.subs(gamma, _STRENGTH / g**2 - 1), _STRENGTH)
    general = sp.Eq(g**2 * (1 + gamma), sp.factor(root))
    numerator, denominator = (part.subs(values) for part in sp.fraction(general.rhs))
    if denominator == 0 or not numerator / denominator > 0:
        msg = (
            f"the cubic terms of {network.local}, {network.gain} and {network.transfer} require"
            f" {denominator}*g^2*(1 + gamma) = {numerator}, so the activity does not start from 0;"
            " use a transfer that saturates"
        )
        raise ModelError(msg)
    condition = sp.Eq(general.lhs, numerator / denominator)
    first, thermal = (sp.factor(e.subs(values)) for e in (expansion.linear, expansion.thermal))
    coupling = sp.sqrt(condition.rhs / (1 + gamma))
    outlier = _outlier(network)
    second = sp.factor(expansion.quadratic.subs(values))
    steps = (
        *onset_steps(expansion),
        condition_step(ONSET, general, network, condition),
    )
    return ActivityOnset(
        general=general,
        condition=condition,
        coupling=coupling if outlier is None else _while_stable(coupling, sp.nan, outlier, network),
        derivation=Derivation(steps),
        missing=f"mean {network.mean} makes activity start with a mean, before it starts without",
        outlier=outlier,
        activity=sp.factor(-first / (2 * sp.simplify(second.subs(g, coupling)))),
        marginal_activity=sp.sqrt(sp.factor(thermal / first) * T),
    )
