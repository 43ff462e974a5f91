"""What the equations for fixed points ask of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.ensembles import eta, sigma_h
from theory.expressions import ModelError, X, real_zeros
from theory.parity import exact_zeros
from theory.smoothness import check_continuous

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork


def check_fixed_points(network: RandomNetwork) -> None:
    """Refuse models whose fixed points are not those of ``a + b J c + h``, or that jump.

    Parameters
    ----------
    network : RandomNetwork

    Raises
    ------
    ModelError
        With confinement, with a function that is not continuous (kinks are no hindrance), or
        where local drift and gain vanish together, so that a unit rests whatever its drive.

    Examples
    --------
    >>> from theory.ensembles import RandomNetwork
    >>> check_fixed_points(RandomNetwork(confinement=0.1))
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: confinement 0.1 belongs to the potential, not to the dynamics
    whose fixed points are asked for; use confinement 0
    """
    if eta not in network.vanishing:
        msg = (
            f"confinement {network.confinement} belongs to the potential, not to the dynamics"
            " whose fixed points are asked for; use confinement 0"
        )
        raise ModelError(msg)
    for name in ("local", "gain", "transfer"):
        check_continuous(getattr(network, name), name, "F jumps with it")
    if sigma_h in network.vanishing:
        resting = [x for x in real_zeros(network.gain) if abs(network.local.subs(X, x)) < 1e-15]
        if resting:
            msg = (
                f"local {network.local} and gain {network.gain} both vanish at x = {resting[0]}:"
                " a unit rests there whatever its drive; use a gain without that zero"
            )
            raise ModelError(msg)


def resting_states(network: RandomNetwork) -> list[sp.Expr]:
    """States in which all units can rest without a drive: common zeros of ``a`` and ``c``.

    Parameters
    ----------
    network : RandomNetwork

    Returns
    -------
    list of sympy.Expr
        The nearest to 0 first; none with random fields, which drive every unit.

    Examples
    --------
    >>> from theory.ensembles import RandomNetwork
    >>> resting_states(RandomNetwork(local="1 - x", transfer="tanh(x - 1)"))
    [1]
    """
    if sigma_h not in network.vanishing:
        return []
    common = [
        state
        for state in exact_zeros(network.transfer)
        if abs(sp.N(network.local.subs(X, state), 30)) < sp.Float("1e-20", 30)
    ]
    return sorted(common, key=lambda state: (abs(float(state)), float(state)))
