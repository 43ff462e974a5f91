"""The derivation as ordered steps: each an equation or more with a sentence.

Rendered as text, LaTeX and HTML with MathML; the equations are the very objects that the rest
of the package computes with.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import sympy as sp

from theory.averages import Abbreviation
from theory.disorder import N, i, n, r, s
from theory.ensembles import eta
from theory.expressions import X
from theory.rendering import latex, latex_of_sentence, mathml, text
from theory.values import Value

if TYPE_CHECKING:
    from theory.free_energy import FreeEnergy


@dataclass(frozen=True)
class Step(Value):
    """One step of a derivation.

    Parameters
    ----------
    title : str
    sentence : str
        What is done and why.
    equations : tuple of sympy.Eq
    """

    title: str
    sentence: str
    equations: tuple[sp.Eq, ...]


@dataclass(frozen=True)
class Derivation(Value):
    """The steps from a network's dynamics to its saddle-point equations.

    Parameters
    ----------
    steps : tuple of Step

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> derivation = replica_symmetric(RandomNetwork()).derivation
    >>> print(derivation.steps[0].title)
    Dynamics and potential
    """

    steps: tuple[Step, ...]

    def text(self) -> str:
        """Plain text."""
        parts = []
        for number, step in enumerate(self.steps, start=1):
            equations = [f"    {text(e.lhs)} = {text(e.rhs)}" for e in step.equations]
            parts.append("\n".join([f"{number}. {step.title}", f"   {step.sentence}", *equations]))
        return "\n\n".join(parts) + "\n"

    def latex(self) -> str:
        """Body of a LaTeX document; needs only amsmath and amssymb."""
        parts = []
        for step in self.steps:
            parts.append(f"\\paragraph{{{step.title}.}} {latex_of_sentence(step.sentence)}")
            rows = " \\\\\n".join(f"{latex(e.lhs)} &= {latex(e.rhs)}" for e in step.equations)
            parts.append(f"\\begin{{align*}}\n{rows}\n\\end{{align*}}")
        return "\n".join(parts) + "\n"

    def html(self) -> str:
        """HTML fragment with MathML, which browsers render by themselves."""
        parts = []
        for step in self.steps:
            equations = "\n".join(f'<p class="equation">{mathml(e)}</p>' for e in step.equations)
            parts.append(
                f"<section><h3>{escape(step.title)}</h3>\n<p>{escape(step.sentence)}</p>\n"
                f"{equations}\n</section>"
            )
        return '<div class="derivation">\n' + "\n".join(parts) + "\n</div>\n"

    def _repr_html_(self) -> str:
        return self.html()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        titles = ", ".join(step.title for step in self.steps)
        return f"<Derivation in {len(self.steps)} steps: {titles}; print it, or .latex(), .html()>"


def derive(free_energy: FreeEnergy) -> Derivation:
    """Collect the steps of the derivation of a functional.

    Parameters
    ----------
    free_energy : FreeEnergy

    Returns
    -------
    Derivation
    """
    steps = [
        *_replicated(free_energy),
        *_ansatz(free_energy),
        *_one_unit(free_energy),
        *_stationary(free_energy),
    ]
    return Derivation(tuple(steps))


def _replicated(free_energy: FreeEnergy) -> list[Step]:
    average, network = free_energy.average, free_energy.network
    force, energy = sp.Symbol("F_i"), sp.Symbol("E")
    model = [sp.Eq(opaque, value) for opaque, value in average.functions.items()]
    confinement = 0 if eta in network.vanishing else eta * sp.IndexedBase("x")[i] ** 2
    potential = sp.Sum(sp.IndexedBase("F")[i] ** 2 / 2 + confinement, (i, 1, N))
    replicated = sp.Sum(average.linearised, (i, 1, N), (r, 1, n))
    terms = sp.Add(*average.averaged_terms)
    return [
        Step(
            "Dynamics and potential",
            "The squared speed of the dynamics is the energy; its zeros are the fixed points.",
            (*model, sp.Eq(force, average.force), sp.Eq(energy, potential)),
        ),
        Step(
            "Replicated weight with response fields",
            "Every squared force is opened by a Gaussian integral over a response field, so that"
            " the couplings stand linearly in the exponent of the replicated weight; the exponent"
            " is",
            (sp.Eq(sp.Symbol("S"), replicated),),
        ),
        Step(
            "Disorder average",
            "The couplings and fields are Gaussian: the mean and half the variance of what they"
            " multiply replace them. Summed over units and replicas, these terms appear:",
            (sp.Eq(sp.Symbol("S_J"), terms, evaluate=False),),
        ),
        Step(
            "Overlaps",
            "Grouping the factors by unit, everything couples through averages over units; these"
            " are the overlaps that occur, with two replica labels or one.",
            tuple(
                sp.Eq(sp.Symbol(f"O_{k}"), overlap.at(r, s), evaluate=False)
                for k, overlap in enumerate(_overlaps(average), start=1)
            ),
        ),
    ]


def _overlaps(average: Any) -> list[Any]:
    found: list[Any] = []
    for pairing in average.pairings:
        for overlap in (pairing.first, pairing.second):
            if overlap not in found and overlap.transposed not in found:
                found.append(overlap)
    return found + [overlap for _, overlap in average.singles if overlap not in found]


def _ansatz(free_energy: FreeEnergy) -> list[Step]:
    saddle = free_energy.saddle
    size = len(saddle.fields)
    covariance = [
        sp.Eq(
            sp.Function("Cov")(saddle.fields[k], saddle.fields[l]),
            saddle.covariance[k, l],
            evaluate=False,
        )
        for k in range(size)
        for l in range(k, size)
    ]
    return [
        Step(
            "Order parameters in the " + free_energy.ansatz.name + " ansatz",
            "Products of overlaps are opened at their stationary point and the replica sums are"
            " done; a response field is counted in units of -i sqrt(T), which keeps the order"
            " parameters finite as T goes to 0. The algebraic part for n replicas and its limit:",
            (
                sp.Eq(sp.Symbol("A_n"), saddle.replicated_algebraic),
                sp.Eq(sp.Symbol("A"), saddle.algebraic),
            ),
        ),
        Step(
            "Gaussian fields",
            "Squares of sums over replicas are opened by Gaussian fields, after which the replicas"
            " of a unit are independent and the limit of no replicas gives the average of the"
            " logarithm. The fields have mean 0 and the covariance",
            tuple(covariance),
        ),
    ]


def _one_unit(free_energy: FreeEnergy) -> list[Step]:
    exponent = free_energy.unreduced.exponent
    definitions = [
        sp.Eq(a, a.definition, evaluate=False)
        for a in sorted(exponent.atoms(Abbreviation), key=str)
        if a.definition.free_symbols != {X}
    ]
    return [
        Step(
            "One unit in one replica",
            "At fixed fields the exponent is quadratic in the response field:",
            (sp.Eq(sp.Symbol("L"), free_energy.saddle.one_replica_exponent, evaluate=False),),
        ),
        Step(
            "Integral over the response field",
            "It is Gaussian and leaves a weight exp(H) for the state of the unit; its constant"
            " factor is taken out.",
            (*definitions, sp.Eq(sp.Symbol("H"), exponent, evaluate=False)),
        ),
    ]


def _stationary(free_energy: FreeEnergy) -> list[Step]:
    whole = free_energy.unreduced
    phi = sp.Eq(sp.Symbol("Phi"), whole.constant + whole.functional, evaluate=False)
    steps = [
        Step(
            "Free-energy functional",
            "The logarithm of the partition function per unit at its stationary point; -T Phi is"
            " the free energy. Angle brackets are averages under exp(H), E is over the fields.",
            (phi,),
        ),
        Step(
            "Stationarity",
            "Derivatives in the covariance follow from Price's theorem.",
            tuple(whole.stationarity),
        ),
    ]
    symmetric = whole.symmetric
    if symmetric is not None:
        zero = [sp.Eq(symbol, 0) for symbol in whole.reduction.vanishing]
        steps.append(
            Step(
                "Symmetric branch",
                f"The weight is invariant under a reflection of x about {symmetric.origin}, from"
                " where x is counted; these order parameters are then consistently zero, and the"
                " rest obey",
                (*zero, *symmetric.stationarity),
            )
        )
    energy = (symmetric or whole).energy
    steps.append(
        Step(
            "Energy",
            "The energy per unit is T^2 dPhi/dT at fixed order parameters.",
            (sp.Eq(sp.Symbol("E") / N, energy, evaluate=False),),
        )
    )
    return steps
