r"""Critical lines in closed form, from the functional near the quiescent state.

Two things happen to a network without fields as its coupling grows, at T -> 0. The response
becomes singular, where the linear network loses its solution; and the activity q stops vanishing
with T, which the linear network leaves open and cubic terms decide. Where the second line is later,
q vanishes like sqrt(T) in between; where it is earlier, the quiescent and the active state both
exist in between.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.derivation import Derivation, Step
from theory.ensembles import RandomNetwork, T, check_parameters, g, gamma
from theory.expressions import ModelError, X
from theory.quiescence import check_quiescent, check_symmetric, taylor_coefficients
from theory.quiescent_expansion import (
    EPSILON,
    QuiescentExpansion,
    chi,
    quiescent_expansion,
    tau,
)
from theory.values import Value

PHI, LINEAR, THERMAL = sp.symbols("Phi phi_1 phi_T", real=True)
RESPONSE = "The susceptibility diverges where its pole is a root of the response equation."
ONSET = (
    "At temperature 0 the activity starts from 0 where the linear term changes its sign. The"
    " thermal term changes its sign where the susceptibility of the quiescent state diverges."
)
_STRENGTH = sp.Symbol("G", positive=True)
_COLD = {tau: 0, chi: 1}


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
        The coupling strength g on the line as a function of gamma.
    derivation : Derivation
        The steps, for this model.
    """

    general: sp.Eq
    condition: sp.Eq
    coupling: sp.Expr
    derivation: Derivation

    def at(self, reciprocity: float) -> float:
        """Coupling strength on the line; infinite where the line is not reached.

        Parameters
        ----------
        reciprocity : float
            gamma, from -1 to 1.

        Returns
        -------
        float

        Examples
        --------
        >>> response_singularity(RandomNetwork()).at(0.25)
        0.8
        """
        check_parameters(gamma=reciprocity)
        if reciprocity == -1:
            return float("inf")
        return float(self.coupling.subs(gamma, sp.nsimplify(reciprocity, rational=True)))


@dataclass(frozen=True)
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
    """Line on which the susceptibility ``q/T`` of the quiescent state diverges, for T -> 0.

    Parameters
    ----------
    network : RandomNetwork
        With ``a(0) = c(0) = 0``; it need not be symmetric. With a mean coupling, the line of the
        state without mean activity.

    Returns
    -------
    CriticalLine

    Raises
    ------
    ModelError
        If there is no quiescent state.

    References
    ----------
    Qiu & Huang, arXiv 2401.10009: the peak of the response.

    Examples
    --------
    >>> response_singularity(RandomNetwork()).condition
    Eq(g*(gamma + 1), 1)
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
    steps = (*_quiescent_steps(expansion), _condition_step(RESPONSE, general, network, condition))
    return CriticalLine(general, condition, condition.rhs / (1 + gamma), Derivation(steps))


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
    second = sp.factor(expansion.quadratic.subs(values))
    steps = (
        *_onset_steps(expansion),
        _condition_step(ONSET, general, network, condition),
    )
    return ActivityOnset(
        general=general,
        condition=condition,
        coupling=coupling,
        derivation=Derivation(steps),
        activity=sp.factor(-first / (2 * sp.simplify(second.subs(g, coupling)))),
        marginal_activity=sp.sqrt(sp.factor(thermal / first) * T),
    )


def _quiescent_steps(expansion: QuiescentExpansion) -> tuple[Step, ...]:
    return (
        Step(
            "Quiescent state",
            "The activity and its conjugate scale with the temperature, and the states of units"
            " with its square root; the functions of the model are then linear.",
            tuple(
                sp.Eq(old, new.subs({tau: 1, EPSILON: sp.sqrt(T)}))
                for old, new in expansion.scaling.items()
                if old != T
            ),
        ),
        Step(
            "Gaussian functional",
            "The one-unit weight is Gaussian, and the functional at leading order is",
            (sp.Eq(PHI, expansion.leading.subs(tau, 1), evaluate=False),),
        ),
        Step(
            "Stationarity",
            "The conjugate vanishes, the response obeys a quadratic equation, and the"
            " susceptibility follows from it.",
            (
                *(sp.Eq(e, 0, evaluate=False) for e in expansion.quiescent_stationarity),
                sp.Eq(expansion.response_equation, 0, evaluate=False),
                sp.Eq(chi, expansion.susceptibility),
            ),
        ),
    )


def _onset_steps(expansion: QuiescentExpansion) -> tuple[Step, ...]:
    q = expansion.free_energy.symbols[0]
    return (
        Step(
            "Small activity at temperature 0",
            "The states of units scale with the square root of the activity q. The one-unit weight"
            " is Gaussian at leading order, and its exponent at first order in q is",
            (sp.Eq(sp.Symbol("H_1"), expansion.exponents[1].subs(_COLD), evaluate=False),),
        ),
        Step(
            "Leading order",
            "The functional at leading order does not depend on q, so that q is left open; the"
            " response and the conjugate of q are",
            (
                sp.Eq(PHI, expansion.leading.subs(_COLD), evaluate=False),
                *(sp.Eq(symbol, value) for symbol, value in expansion.cold_solution.items()),
            ),
        ),
        Step(
            "First order",
            "The average of H_1 at these values, and the change by a small temperature, give",
            (
                sp.Eq(PHI, sp.Symbol("Phi_0", real=True) + LINEAR * q + THERMAL * T / q),
                sp.Eq(LINEAR, expansion.linear),
                sp.Eq(THERMAL, expansion.thermal),
            ),
        ),
    )


def _condition_step(
    sentence: str, general: sp.Eq, network: RandomNetwork, condition: sp.Eq
) -> Step:
    functions = (network.local, network.gain, network.transfer)
    names = (sp.Function(letter)(X) for letter in "abc")
    model = (sp.Eq(n, f, evaluate=False) for n, f in zip(names, functions, strict=True))
    return Step("Critical line", sentence, (general, *model, condition))
