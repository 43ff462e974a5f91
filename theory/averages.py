r"""Unevaluated averages that know how to differentiate.

`SiteIntegral` is ``int dx exp(H)`` over the state of one unit, `SiteAverage` the average of an
observable under that weight, `GaussianAverage` the average over the Gaussian fields.
Differentiation passes inside the first two and uses Price's theorem in the covariance of the
third, so that whatever is made of them can be handed to ``diff``.

`Abbreviation` is a symbol that stands for an expression and differentiates like it: it keeps
``f`` and ``s`` whole, where multiplying them out would hide the structure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.printing.pretty.stringpict import prettyForm

from theory.expressions import X

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Abbreviation(sp.Symbol):
    """A symbol with a definition; it differentiates and substitutes like the definition.

    Parameters
    ----------
    name : str
    definition : sympy.Expr

    Examples
    --------
    >>> y = sp.Symbol("y")
    >>> f = Abbreviation("f", y * X**2)
    >>> (f**3).diff(y)
    3*f**2*x**2
    """

    __slots__ = ("definition",)
    definition: sp.Expr

    def __new__(cls, name: str, definition: sp.Expr) -> Abbreviation:
        """Make the node."""
        self = sp.Symbol.__xnew__(cls, name, real=True)
        self.definition = definition
        return self

    def __getnewargs_ex__(self) -> tuple:
        return (self.name, self.definition), {}

    def _hashable_content(self) -> tuple:
        return (*super()._hashable_content(), self.definition)

    @property
    def free_symbols(self) -> set:
        """The symbol itself and the symbols of its definition."""
        return {self} | self.definition.free_symbols

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return sp.S.One if symbol == self else self.definition.diff(symbol)

    def _eval_derivative_n_times(self, symbol: sp.Symbol, count: int) -> sp.Expr:
        return sp.Basic._eval_derivative_n_times(self, symbol, count)

    def _xreplace(self, rule: Mapping[sp.Basic, sp.Basic]) -> tuple[sp.Basic, bool]:
        if self in rule:
            return rule[self], True
        definition, changed = self.definition._xreplace(rule)
        return (Abbreviation(self.name, definition), True) if changed else (self, False)

    def _eval_subs(self, old: sp.Expr, new: sp.Expr) -> sp.Expr:
        return self if old == self else Abbreviation(self.name, self.definition.subs(old, new))


def written_out(expression: sp.Expr) -> sp.Expr:
    """Replace all abbreviations by their definitions.

    Examples
    --------
    >>> written_out(Abbreviation("f", X + 1) ** 2)
    (x + 1)**2
    """
    while found := expression.atoms(Abbreviation):
        expression = expression.xreplace({symbol: symbol.definition for symbol in found})
    return expression


class SiteIntegral(sp.Expr):
    """The integral of ``exp(exponent)`` over the state ``x`` of one unit.

    Examples
    --------
    >>> y = sp.Symbol("y")
    >>> sp.log(SiteIntegral(-y * X**2)).diff(y)
    -<x**2>
    """

    is_commutative = True
    is_positive = True

    def __new__(cls, exponent: sp.Expr) -> SiteIntegral:
        """Make the node."""
        return sp.Expr.__new__(cls, exponent)

    @property
    def free_symbols(self) -> set:
        """All symbols but the bound ``x``."""
        return super().free_symbols - {X}

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        exponent = self.args[0]
        return self * site_average(exponent.diff(symbol), exponent)

    def _latex(self, printer: Any) -> str:
        return rf"\int\! dx\, e^{{{printer._print(self.args[0])}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"Integral_x exp({printer._print(self.args[0])})"

    def _pretty(self, printer: Any) -> prettyForm:
        return prettyForm(self._sympystr(printer))

    def _mathml_presentation(self, printer: Any) -> Any:
        row = printer.dom.createElement("mrow")
        row.appendChild(_operator(printer, "∫"))
        row.appendChild(printer._print(sp.Symbol("dx")))
        row.appendChild(printer._print(sp.exp(self.args[0], evaluate=False)))
        return row


class SiteAverage(sp.Expr):
    """The average of an observable under ``exp(exponent)`` over ``x``; use `site_average`."""

    is_commutative = True
    is_real = True

    def __new__(cls, observable: sp.Expr, exponent: sp.Expr) -> SiteAverage:
        """Make the node."""
        return sp.Expr.__new__(cls, observable, exponent)

    @property
    def free_symbols(self) -> set:
        """All symbols but the bound ``x``."""
        return super().free_symbols - {X}

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        observable, exponent = self.args
        change = exponent.diff(symbol)
        return site_average(
            observable.diff(symbol) + observable * change, exponent
        ) - self * site_average(change, exponent)

    def _latex(self, printer: Any) -> str:
        return rf"\left\langle {printer._print(self.args[0])} \right\rangle"

    def _sympystr(self, printer: Any) -> str:
        return f"<{printer._print(self.args[0])}>"

    def _pretty(self, printer: Any) -> prettyForm:
        return prettyForm(self._sympystr(printer))

    def _mathml_presentation(self, printer: Any) -> Any:
        return _fenced(printer, "⟨", self.args[0], "⟩")


def site_average(observable: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """Average over one unit, with sums split and factors that do not depend on x pulled out.

    Examples
    --------
    >>> y = sp.Symbol("y")
    >>> site_average(2 * y * X**2 + y, -(X**2) / 2)
    2*y*<x**2> + y
    """
    total = sp.S.Zero
    for term in sp.Add.make_args(sp.expand(observable)):
        inside: list[sp.Expr] = []
        outside: list[sp.Expr] = []
        for factor in sp.Mul.make_args(term):
            (inside if X in factor.free_symbols else outside).append(factor)
        average = SiteAverage(sp.Mul(*inside), exponent) if inside else sp.S.One
        total += sp.Mul(*outside) * average
    return total


class GaussianAverage(sp.Expr):
    """The average over Gaussian fields of mean 0; use `gaussian_average`.

    ``args`` are the averaged expression, the tuple of fields and their covariance matrix.
    The derivative in the covariance is Price's theorem,
    ``d/dS_kl E[G] = 1/2 E[d_k d_l G]``, which stays regular where the covariance vanishes.

    References
    ----------
    R. Price, IRE Trans. Inf. Theory 4, 69 (1958).
    """

    is_commutative = True
    is_real = True

    def __new__(
        cls, expression: sp.Expr, fields: sp.Tuple, covariance: sp.ImmutableMatrix
    ) -> GaussianAverage:
        """Make the node."""
        if not expression.free_symbols & set(fields):
            return expression
        return sp.Expr.__new__(cls, expression, sp.Tuple(*fields), sp.ImmutableMatrix(covariance))

    @property
    def free_symbols(self) -> set:
        """All symbols but the fields, which are bound."""
        expression, fields, covariance = self.args
        return (expression.free_symbols - set(fields)) | covariance.free_symbols

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        expression, fields, covariance = self.args
        total = expression.diff(symbol)
        for k, one in enumerate(fields):
            for l, other in enumerate(fields):
                change = covariance[k, l].diff(symbol)
                if change != 0:
                    total += change * expression.diff(one).diff(other) / 2
        return gaussian_average(total, fields, covariance)

    def _latex(self, printer: Any) -> str:
        return rf"\mathbb{{E}}\left[ {printer._print(self.args[0])} \right]"

    def _sympystr(self, printer: Any) -> str:
        return f"E[{printer._print(self.args[0])}]"

    def _pretty(self, printer: Any) -> prettyForm:
        return prettyForm(self._sympystr(printer))

    def _mathml_presentation(self, printer: Any) -> Any:
        row = _fenced(printer, "[", self.args[0], "]")
        row.insertBefore(printer._print(sp.Symbol("𝔼")), row.firstChild)
        return row


def gaussian_average(
    expression: sp.Expr, fields: Sequence[sp.Symbol], covariance: sp.Matrix
) -> sp.Expr:
    """Average over the fields as one node, with terms that do not depend on them outside.

    Examples
    --------
    >>> z, v, y = sp.symbols("z v y")
    >>> average = gaussian_average(y + z**4, [z], sp.Matrix([[v]]))
    >>> average, average.diff(v)
    (y + E[z**4], E[6*z**2])
    """
    if not fields or sp.Matrix(covariance).is_zero_matrix:
        return expression.subs(dict.fromkeys(fields, 0))
    inside, outside = sp.S.Zero, sp.S.Zero
    bound = set(fields)
    for term in sp.Add.make_args(sp.expand(expression)):
        if term.free_symbols & bound:
            inside += term
        else:
            outside += term
    if inside == 0:
        return outside
    return outside + GaussianAverage(inside, sp.Tuple(*fields), covariance)


def collect_gaussian(expression: sp.Expr) -> sp.Expr:
    """Join the Gaussian averages of a sum over the same fields into one; they are linear.

    Examples
    --------
    >>> z, v, y = sp.symbols("z v y")
    >>> E = lambda e: gaussian_average(e, [z], sp.Matrix([[v]]))
    >>> collect_gaussian(2 * y * E(z**2) + E(z**4))
    E[2*y*z**2 + z**4]
    """
    expression = sp.expand(expression)
    if not expression.has(GaussianAverage):
        return expression
    outside = sp.S.Zero
    # by fields, covariance, and what stands beside an average and is one itself, as a norm
    inside: dict[tuple[sp.Basic, sp.Basic, sp.Expr], sp.Expr] = {}
    for term in sp.Add.make_args(expression):
        factors = sp.Mul.make_args(term)
        found = [factor for factor in factors if isinstance(factor, GaussianAverage)]
        if len(found) != 1:
            outside += term
            continue
        [node] = found
        averaged, fields, covariance = node.args
        beside = sp.Mul(*(f for f in factors if f != node and f.has(GaussianAverage)))
        factor = term / node / beside
        if factor.free_symbols & set(fields):
            outside += term  # a symbol of the same name that is not averaged over
            continue
        key = (fields, covariance, beside)
        inside[key] = inside.get(key, 0) + factor * averaged
    joined = (
        beside * gaussian_average(total, fields, covariance)
        for (fields, covariance, beside), total in inside.items()
    )
    return outside + sp.Add(*joined)


def _operator(printer: Any, text: str) -> Any:
    element = printer.dom.createElement("mo")
    element.appendChild(printer.dom.createTextNode(text))
    return element


def _fenced(printer: Any, left: str, inner: sp.Expr, right: str) -> Any:
    row = printer.dom.createElement("mrow")
    row.appendChild(_operator(printer, left))
    row.appendChild(printer._print(inner))
    row.appendChild(_operator(printer, right))
    return row
