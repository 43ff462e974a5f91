"""The steps of the derivation of the critical lines, in words and equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.derivation import Step
from theory.ensembles import T
from theory.expressions import X
from theory.quiescent_expansion import COLD, EPSILON, MEAN, MEAN_HAT, chi, kappa, tau

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork
    from theory.quiescent_expansion import QuiescentExpansion

PHI, LINEAR, THERMAL = sp.symbols("Phi phi_1 phi_T", real=True)
RESPONSE = "The susceptibility diverges where its pole is a root of the response equation."
ONSET = (
    "At temperature 0 the activity starts from 0 where the linear term changes its sign. The"
    " thermal term changes its sign where the susceptibility of the quiescent state diverges."
)
OUTLIER = (
    "The linearised map of the mean activity and its conjugate has the eigenvalue 1 where the"
    " determinant vanishes; with the response equation this gives the line. It is an eigenvalue of"
    " the couplings outside the ellipse that the others fill, as long as g is below the modulus of"
    " mu."
)


def quiescent_steps(expansion: QuiescentExpansion) -> tuple[Step, ...]:
    """Scales, functional and equations of the quiescent state."""
    return (
        Step(
            "Quiescent state",
            "The activity and its conjugate scale with the temperature, and the states of units"
            " with its square root; the functions of the model are then linear.",
            _scales(expansion, chi, kappa),
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
                *(
                    sp.Eq(symbol, value, evaluate=False)
                    for symbol, value in expansion.quiescent_map.items()
                ),
                sp.Eq(expansion.response_equation, 0, evaluate=False),
                sp.Eq(chi, expansion.susceptibility),
            ),
        ),
    )


def outlier_steps(expansion: QuiescentExpansion) -> tuple[Step, ...]:
    """The functional with mean activity and the linearised map there."""
    determinant = sp.factor(expansion.mean_stability.subs({kappa: 0, tau: 1}))
    return (
        Step(
            "Mean activity",
            "With the mean activity and its conjugate the functional at leading order is",
            (
                *_scales(expansion, MEAN, MEAN_HAT),
                sp.Eq(PHI, expansion.uniform.subs({kappa: 0, tau: 1}), evaluate=False),
            ),
        ),
        Step(
            "Stability against mean activity",
            "The determinant of one minus the linearised map of the two is",
            (sp.Eq(sp.Symbol("D"), determinant, evaluate=False),),
        ),
    )


def onset_steps(expansion: QuiescentExpansion) -> tuple[Step, ...]:
    """Functional at temperature 0 to first order in the activity."""
    q = expansion.symbols[0]
    return (
        Step(
            "Small activity at temperature 0",
            "The states of units scale with the square root of the activity q. The one-unit weight"
            " is Gaussian at leading order, and its exponent at first order in q is",
            (sp.Eq(sp.Symbol("H_1"), expansion.exponents[1].subs(COLD), evaluate=False),),
        ),
        Step(
            "Leading order",
            "The functional at leading order does not depend on q, so that q is left open; the"
            " response and the conjugate of q are",
            (
                sp.Eq(PHI, expansion.leading.subs(COLD), evaluate=False),
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


def _scales(expansion: QuiescentExpansion, *scaled: sp.Symbol) -> tuple[sp.Eq, ...]:
    """How the order parameters of some scaled ones vanish or diverge with the temperature."""
    return tuple(
        sp.Eq(old, new.subs({tau: 1, EPSILON: sp.sqrt(T)}))
        for old, new in expansion.scaling.items()
        if new.has(*scaled)
    )


def condition_step(sentence: str, general: sp.Eq, network: RandomNetwork, condition: sp.Eq) -> Step:
    """The line for any model, the model, and its line."""
    functions = (network.local, network.gain, network.transfer)
    names = (sp.Function(letter)(X) for letter in "abc")
    model = (sp.Eq(n, f, evaluate=False) for n, f in zip(names, functions, strict=True))
    return Step("Critical line", sentence, (general, *model, condition))
