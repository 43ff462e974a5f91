"""From sums over units to matrix products with elementwise stages between them.

A vector over units, such as the gradient, is an expression with one free index. Every sum in it
over another index is recognised as a product of the couplings or their transpose with a vector,
which is lowered in the same way. What is left is elementwise. Elementary functions are operations
of their own, since NumPy evaluates them several numbers at a time and a compiled loop does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from theory.codegen.scaling import without_overflow
from theory.coordinates import J
from theory.expressions import ModelError
from theory.indices import substitute_index

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHEAP = (sp.Abs, sp.sign, sp.Heaviside, sp.Piecewise)
_OF_ARRAYS = {
    sp.exp: "np.exp({})",
    expm1: "np.expm1({})",
    sp.log: "np.log({})",
    log1p: "np.log1p({})",
    sp.sin: "np.sin({})",
    sp.cos: "np.cos({})",
    sp.tan: "np.tan({})",
    sp.sinh: "np.sinh({})",
    sp.cosh: "np.cosh({})",
    sp.tanh: "np.tanh({})",
    sp.atan: "np.arctan({})",
    sp.asinh: "np.arcsinh({})",
}


@dataclass(frozen=True)
class Operation:
    """``name = text.format(vector)``: a product with J or a function of a whole array."""

    name: str
    text: str
    vector: str


@dataclass
class Stage:
    """Elementwise work, what is stored and what is summed over units, and operations after it.

    The symbol of an array's element is the array's name followed by ``_i``.
    """

    stored: dict[str, sp.Expr] = field(default_factory=dict)
    summed: dict[str, sp.Expr] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)

    @property
    def expressions(self) -> list[sp.Expr]:
        """Everything that is computed for one unit."""
        return [*self.stored.values(), *self.summed.values()]


def element(array: str) -> sp.Symbol:
    """Symbol of the element of an array at the unit in question."""
    return sp.Symbol(f"{array}_i", real=True)


def lower(
    vectors: dict[str, tuple[sp.Expr, sp.Symbol]], totals: dict[str, sp.Expr] | None = None
) -> list[Stage]:
    """Arrange vectors and sums over units in stages, each followed by its operations.

    Parameters
    ----------
    vectors : dict
        By name: expression and its free index.
    totals : dict
        By name: expression without free index, linear in sums over units.

    Returns
    -------
    list of Stage

    Raises
    ------
    ModelError
        If a sum is no product of the couplings with a vector.

    Examples
    --------
    >>> from theory.coordinates import N, i, j, x
    >>> field = sp.Sum(J[i, j] * sp.tanh(x[j]), (j, 1, N))
    >>> first, second, last = lower({"drift": (field - x[i], i)})
    >>> first.operations, second.operations
    ([Operation(name='f0', text='np.tanh({})', vector='x')],
     [Operation(name='p0', text='J @ {}', vector='f0')])
    >>> last.stored
    {'drift': p0_i - x_i}
    """
    lowering = _Lowering()
    stored = {name: lowering.vector(*vector) for name, vector in vectors.items()}
    summed = {name: lowering.total(total) for name, total in (totals or {}).items()}
    return lowering.arrange(stored, summed)


class _Lowering:
    """Collects the operations that expressions need, each only once."""

    def __init__(self) -> None:
        self.operations: dict[tuple[str, sp.Expr], sp.Symbol] = {}
        self.levels: dict[sp.Symbol, int] = {}

    def level(self, expression: sp.Expr) -> int:
        """Length of the chain of operations before an expression can be computed."""
        return max((self.levels.get(symbol, 0) for symbol in expression.free_symbols), default=0)

    def vector(self, expression: sp.Expr, index: sp.Symbol) -> sp.Expr:
        """Elementwise expression of a vector with the given free index."""
        sums = {node: self._sum(node, index) for node in _outermost_sums(expression)}
        expression = expression.xreplace(sums)
        elements = {
            node: element(str(node.base))
            for node in expression.atoms(sp.Indexed)
            if node.indices == (index,)
        }
        expression = without_overflow(expression.xreplace(elements))
        if expression.has(sp.Indexed, sp.KroneckerDelta) or index in expression.free_symbols:
            raise _not_lowered(expression)
        while inner := [node for node in _of_arrays(expression) if not _of_arrays(*node.args)]:
            results = {node: self._operation(_OF_ARRAYS[node.func], *node.args) for node in inner}
            expression = expression.xreplace(results)
        return expression

    def total(self, expression: sp.Expr) -> sp.Expr:
        """Elementwise expression whose sum over units is the given one."""
        marked, markers = _mark(expression, _outermost_sums(expression))
        parts = []
        for node, marker in markers.items():
            slope, (index, *_) = marked.diff(marker), node.limits[0]
            if slope.free_symbols or len(node.limits) > 1:
                raise _not_lowered(expression)
            parts.append(slope * self.vector(node.function, index))
        if marked.subs(dict.fromkeys(markers.values(), 0)) != 0:
            raise _not_lowered(expression)
        return sp.Add(*parts)

    def _sum(self, node: sp.Sum, index: sp.Symbol) -> sp.Expr:
        """Products of J, or its transpose, with vectors that make up a sum."""
        bound = node.limits[0][0]
        couplings = [at for at in (J[index, bound], J[bound, index]) if node.function.has(at)]
        marked, markers = _mark(node.function, couplings)
        result = sp.Integer(0)
        for coupling, marker in markers.items():
            text = "J @ {}" if coupling == J[index, bound] else "J.T @ {}"
            for outside, inside in _factors(marked.diff(marker), index, bound).items():
                if inside.free_symbols & {index, *markers.values()}:
                    raise _not_lowered(node)
                product = self._operation(text, self.vector(inside, bound))
                result += self.vector(outside, index) * product
        if len(node.limits) > 1 or marked.subs(dict.fromkeys(markers.values(), 0)) != 0:
            raise _not_lowered(node)
        return result

    def _operation(self, text: str, vector: sp.Expr) -> sp.Symbol:
        key = text, vector
        if key not in self.operations:
            letter = "p" if "@" in text else "f"
            number = sum(name.name.startswith(letter) for name in self.operations.values())
            self.operations[key] = element(f"{letter}{number}")
            self.levels[self.operations[key]] = self.level(vector) + 1
        return self.operations[key]

    def arrange(self, stored: dict[str, sp.Expr], summed: dict[str, sp.Expr]) -> list[Stage]:
        """Put every expression in the first stage where all it needs is there."""
        outputs = [*stored.values(), *summed.values(), *(vector for _, vector in self.operations)]
        stages = [Stage() for _ in range(max(map(self.level, outputs)) + 1)]
        names = (f"u{number}" for number in count())
        arrays: dict[sp.Expr, str] = {}
        for (text, vector), result in self.operations.items():
            stage = stages[self.level(vector)]
            if vector not in arrays:
                arrays[vector] = _array(vector) if vector.is_Symbol else next(names)
                if not vector.is_Symbol:
                    stage.stored[arrays[vector]] = vector
            stage.operations.append(Operation(_array(result), text, arrays[vector]))
        for name, expression in stored.items():
            stages[self.level(expression)].stored[name] = expression
        for name, expression in summed.items():
            stages[self.level(expression)].summed[name] = expression
        for number, stage in enumerate(stages):
            _keep_functions(stage, stages[number + 1 :], names)
        return stages


def _keep_functions(stage: Stage, later: list[Stage], names: Iterator[str]) -> None:
    """Store the elementary functions that later stages need too, which then read them."""
    needed = {node for other in later for part in other.expressions for node in _functions(part)}
    here = {node for part in stage.expressions for node in _functions(part)}
    known = {part: name for name, part in stage.stored.items()}
    for node in sorted(here & needed, key=str):
        if node not in known:
            known[node] = next(names)
            stage.stored[known[node]] = node
    read = {node: element(known[node]) for node in here & needed}
    for other in later:
        other.stored = {name: part.xreplace(read) for name, part in other.stored.items()}
        other.summed = {name: part.xreplace(read) for name, part in other.summed.items()}


def _functions(expression: sp.Expr) -> set[sp.Expr]:
    return {node for node in expression.atoms(sp.Function) if not isinstance(node, _CHEAP)}


def _of_arrays(*expressions: sp.Expr) -> list[sp.Expr]:
    """Functions of arrays, in an order that does not change from run to run."""
    found = {
        node
        for expression in expressions
        for node in expression.atoms(sp.Function)
        if node.func in _OF_ARRAYS and node.free_symbols
    }
    return sorted(found, key=str)


def _outermost_sums(expression: sp.Expr) -> list[sp.Sum]:
    if isinstance(expression, sp.Sum):
        return [expression]
    return [node for part in expression.args for node in _outermost_sums(part)]


def _mark(expression: sp.Expr, nodes: list[sp.Expr]) -> tuple[sp.Expr, dict[sp.Expr, sp.Symbol]]:
    """Replace nodes by symbols to differentiate by."""
    markers = {node: sp.Dummy(real=True) for node in nodes}
    return expression.xreplace(markers), markers


def _factors(expression: sp.Expr, index: sp.Symbol, bound: sp.Symbol) -> dict[sp.Expr, sp.Expr]:
    """Write ``sum_n f_n(index) g_n(bound)`` as ``{f_n: g_n}``, with as few terms as there are."""
    terms = sp.Add.make_args(expression) if index in expression.free_symbols else [expression]
    factors: dict[sp.Expr, sp.Expr] = {}
    for term in terms:
        outside, inside = term.as_independent(bound, as_Add=False)
        factors[outside] = factors.get(outside, 0) + inside
    return factors


def outer_product(matrix: sp.Expr, row: sp.Symbol, column: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """Write a matrix as the product of a vector over rows and one over columns, both in ``row``.

    Parameters
    ----------
    matrix : sympy.Expr
        With the free indices ``row`` and ``column``.
    row, column : sympy.Symbol

    Returns
    -------
    left, right : sympy.Expr
        Vectors with the free index ``row``.

    Raises
    ------
    ModelError
        If the matrix is a sum of several such products.

    Examples
    --------
    >>> from theory.coordinates import k, l, x
    >>> outer_product(2 * x[k] * sp.tanh(x[l]), k, l)
    (2*x[k], tanh(x[k]))
    """
    factors = _factors(sp.factor(matrix), row, column)
    if len(factors) != 1:
        raise _not_lowered(matrix)
    [(left, right)] = factors.items()
    return left, substitute_index(right, column, row)


def _array(symbol: sp.Symbol) -> str:
    return symbol.name.removesuffix("_i")


def _not_lowered(expression: sp.Expr) -> ModelError:
    return ModelError(
        f"{expression} is not made of products of the couplings with vectors over units"
    )
