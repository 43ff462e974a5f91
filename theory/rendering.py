"""Printers of equations as text, LaTeX and MathML, with hats on conjugates and response fields."""

from __future__ import annotations

import re
from html.entities import html5
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.mathml import MathMLPresentationPrinter
from sympy.printing.str import StrPrinter

from theory.disorder import XH


class Equations(list[sp.Eq]):
    """A list of equations that a notebook shows as mathematics.

    Examples
    --------
    >>> print(Equations([sp.Eq(sp.Symbol("q_hat"), 1)])._repr_latex_().count("hat{q}"))
    1
    """

    def _repr_latex_(self) -> str:
        rows = r" \\ ".join(f"{latex(e.lhs)} &= {latex(e.rhs)}" for e in self)
        return rf"$\displaystyle \begin{{aligned}} {rows} \end{{aligned}}$"


def _hat(name: str) -> str | None:
    """The letter under the hat, for conjugates and response fields."""
    if name.endswith("_hat"):
        return name.removesuffix("_hat")
    return "x" if name == str(XH) else None


class _Text(StrPrinter):
    def _print_Sum(self, expr: sp.Sum) -> str:
        labels = ",".join(str(limit[0]) for limit in expr.limits)
        return f"Sum_{{{labels}}} [{self._print(expr.function)}]"


class _Latex(LatexPrinter):
    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        letter = _hat(expr.name)
        return rf"\hat{{{letter}}}" if letter else super()._print_Symbol(expr, style=style)

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        base = self._print(expr.base.label)
        first, *rest = (self._print(index) for index in expr.indices)
        if rest and "x" in base:
            # braces around the whole: a power may follow
            return f"{{{{{base}}}_{{{first}}}^{{{','.join(rest)}}}}}"
        return f"{{{{{base}}}_{{{''.join([first, *rest])}}}}}"


class _MathML(MathMLPresentationPrinter):
    def _print_Symbol(self, sym: sp.Symbol, style: str = "plain") -> Any:
        letter = _hat(sym.name)
        if letter is None:
            return super()._print_Symbol(sym, style)
        over = self.dom.createElement("mover")
        over.setAttribute("accent", "true")
        for tag, text in (("mi", letter), ("mo", "^")):
            element = self.dom.createElement(tag)
            element.appendChild(self.dom.createTextNode(text))
            over.appendChild(element)
        return over

    def _print_Indexed(self, expr: sp.Indexed) -> Any:
        base = self._print(expr.base.label)
        first, *rest = expr.indices
        superscript = bool(rest) and "x" in str(expr.base)
        element = self.dom.createElement("msubsup" if superscript else "msub")
        element.appendChild(base)
        for group in ([first], rest) if superscript else (expr.indices,):
            row = self.dom.createElement("mrow")
            for index in group:
                row.appendChild(self._print(index))
            element.appendChild(row)
        return element


def text(expression: sp.Expr) -> str:
    """Write an expression as plain text.

    Examples
    --------
    >>> text(sp.Symbol("q_hat") ** 2)
    'q_hat**2'
    """
    return _Text().doprint(expression)


def latex(expression: sp.Expr) -> str:
    r"""Write an expression in LaTeX.

    Examples
    --------
    >>> print(latex(sp.Symbol("q_hat") ** 2))
    \hat{q}^{2}
    """
    return _Latex().doprint(expression)


def latex_of_sentence(sentence: str) -> str:
    r"""Set the formulas in a sentence of the derivation as mathematics.

    Examples
    --------
    >>> print(latex_of_sentence("it is -T Phi"))
    it is $-T\Phi$
    """
    for plain, mathematics in (
        ("-i sqrt(T)", r"$-i\sqrt{T}$"),
        ("T^2 dPhi/dT", r"$T^2\,\partial\Phi/\partial T$"),
        ("-T Phi", r"$-T\Phi$"),
        ("exp(H)", r"$e^{H}$"),
    ):
        sentence = sentence.replace(plain, mathematics)
    return sentence


def mathml(equation: sp.Basic) -> str:
    """Presentation MathML of an equation, as a ``math`` element.

    Examples
    --------
    >>> mathml(sp.Symbol("q_hat"))
    '<math ...><mover accent="true"><mi>q</mi><mo>^</mo></mover></math>'
    """
    # numbers instead of names of entities: valid as XML too
    body = re.sub(
        r"&(?!lt;|gt;|amp;)(\w+;)",
        lambda match: "".join(f"&#{ord(letter)};" for letter in html5[match[1]]),
        _MathML().doprint(equation),
    )
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">{body}</math>'
