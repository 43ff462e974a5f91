"""Whether a network has a quiescent state, and what it looks like for T -> 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from theory.expressions import ModelError, X, kinks, real_zeros
from theory.fixed_points import resting_states
from theory.parity import parity
from theory.quiescent_expansion import SERIES, a1, b0, c1, quiescent_expansion
from theory.values import Value

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork


@dataclass(frozen=True)
class QuiescentState(Value):
    """The state whose activity vanishes in proportion to the temperature.

    Parameters
    ----------
    rho : sympy.Expr
        The response for T -> 0.
    susceptibility : sympy.Expr
        ``q/T`` for T -> 0; infinite, then negative, from the line of the response on.
    """

    rho: sp.Expr
    susceptibility: sp.Expr


def taylor_coefficients(network: RandomNetwork, order: int) -> dict[sp.Symbol, sp.Expr]:
    """Taylor coefficients by the symbols ``a1, b0, b2, c1, ...`` of the general results.

    At the quiescent state, or at 0 if there is none.

    Parameters
    ----------
    network : RandomNetwork
    order : int
        The highest power of x.

    Returns
    -------
    dict

    Raises
    ------
    ModelError
        If a function is not smooth there.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> taylor_coefficients(RandomNetwork(), 3)
    {a1: -1, a3: 0, b0: 1, b2: 0, c1: 1, c3: -1/3}
    """
    found: dict[sp.Symbol, sp.Expr] = {}
    state = next(iter(resting_states(network)), sp.S.Zero)
    for letter, name in zip("abc", ("local", "gain", "transfer"), strict=True):
        function = getattr(network, name)
        smooth = state not in kinks(function)
        for power in range(letter in "ac", order + 1, 2):
            value = (function.diff(X, power) / sp.factorial(power)).subs(X, state)
            if not smooth or not value.is_finite:
                msg = (
                    f"{name} {function} has no Taylor series at x = {state}; use a smooth function"
                )
                raise ModelError(msg)
            found[SERIES[letter].coeff(X, power)] = sp.nsimplify(value, rational=True)
    return found


def check_quiescent(network: RandomNetwork) -> None:
    """Refuse a network without a quiescent state that is continued from g = 0."""
    if network.field_std:
        msg = (
            f"field_std {network.field_std} keeps every unit active, so there is no quiescent"
            " state; use numerics.critical_lines.random_field_transition"
        )
        raise ModelError(msg)
    if network.confinement:
        msg = (
            f"confinement {network.confinement} makes x = 0 the ground state at every g, so that"
            " there is no line for T -> 0; use confinement 0"
        )
        raise ModelError(msg)
    states = resting_states(network)
    if not states:
        msg = (
            f"local {network.local} and transfer {network.transfer} do not vanish together, so"
            " there is no quiescent state; use numerics.critical_lines.random_field_transition"
        )
        raise ModelError(msg)
    state = states[0]
    first = taylor_coefficients(network, 1)
    if not first[a1] < 0:
        msg = (
            f"local {network.local} has slope {first[a1]} at x = {state}, so that this"
            " uncoupled state is not stable; use a function with negative slope there"
        )
        raise ModelError(msg)
    if first[b0] * first[c1] == 0:
        msg = (
            f"gain {network.gain} times the slope of transfer {network.transfer} vanishes at"
            f" x = {state}, so that small activity is not transmitted; there is no line"
        )
        raise ModelError(msg)
    others = [float(zero) for zero in real_zeros(network.local) if zero - state != 0]
    if others:
        msg = (
            f"local {network.local} has further zeros {others}, so that units are active already"
            " at g = 0; use a function that vanishes once"
        )
        raise ModelError(msg)


def check_symmetric(network: RandomNetwork) -> None:
    """Refuse a network whose functions have no parity, so that no branch is symmetric."""
    wanted = {"local": -1, "gain": 1, "transfer": -1}
    state = next(iter(resting_states(network)), sp.S.Zero)
    for name, sign in wanted.items():
        function = getattr(network, name)
        if parity(function, state) != sign:
            kind = "odd" if sign < 0 else "even"
            msg = (
                f"{name} {function} is not {kind} about x = {state}, so that there is no symmetric"
                " branch and units share fields as soon as they are active; follow the branch"
            )
            raise ModelError(msg)


def quiescent_state(network: RandomNetwork) -> QuiescentState:
    """Response and susceptibility for T -> 0 where the activity vanishes with T.

    Only the linear parts of the model's functions count, and the one-unit weight is Gaussian.

    Parameters
    ----------
    network : RandomNetwork
        With a common zero of a and c. With a mean coupling, the state without mean activity.

    Returns
    -------
    QuiescentState

    Raises
    ------
    ModelError
        If there is no quiescent state.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> quiescent_state(RandomNetwork()).rho
    2/(sqrt(-4*g**2*gamma + 1) + 1)
    """
    check_quiescent(network)
    expansion, values = quiescent_expansion(), taylor_coefficients(network, 1)
    rho = sp.simplify(expansion.response.subs(values))
    return QuiescentState(rho, expansion.susceptibility.subs(values).subs(expansion.rho, rho))
