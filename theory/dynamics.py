"""An explicit system of differential equations with a few variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp

from theory.expressions import ModelError
from theory.grammar import parse_expression, read_function
from theory.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Dynamics(Value):
    """A system ``dx_i/dt = F_i(x_1, ..., x_n)``, gradient or not.

    Parameters
    ----------
    variables : sequence of sympy.Symbol or str
        ``x_1, ..., x_n``; names become real symbols.
    drift : sequence of sympy.Expr or str
        ``F_1, ..., F_n``; text is read by `theory.grammar.parse_expression` and knows the
        variables. Other symbols are parameters, to be given values by `substitute`.

    Raises
    ------
    ModelError
        If the numbers of variables and equations differ, a variable occurs twice, or an equation
        is not real and finite.

    Examples
    --------
    >>> Dynamics(["x", "y"], ["y", "-x + y*(1 - x**2)"])
    Dynamics(variables=(x, y), drift=(y, -x + y*(1 - x**2)))
    """

    variables: tuple[sp.Symbol, ...]
    drift: tuple[sp.Expr, ...]

    def __post_init__(self) -> None:
        variables = tuple(_symbol(variable) for variable in self.variables)
        names = {variable.name: variable for variable in variables}
        if not variables:
            msg = "a system needs at least one variable"
            raise ModelError(msg)
        if len(names) < len(variables):
            msg = f"the variables {', '.join(map(str, variables))} are not all different"
            raise ModelError(msg)
        if len(self.drift) != len(variables) or isinstance(self.drift, str):
            msg = (
                f"{len(variables)} variables need as many equations, not {len(self.drift)};"
                " give the drift as a list with one expression for each variable"
            )
            raise ModelError(msg)
        drift = tuple(
            _component(variable, part, names)
            for variable, part in zip(variables, self.drift, strict=True)
        )
        for variable, part in zip(variables, drift, strict=True):
            _check_component(variable, part, names)
        object.__setattr__(self, "variables", variables)
        object.__setattr__(self, "drift", drift)

    def _repr_latex_(self) -> str:
        pairs = zip(self.variables, self.drift, strict=True)
        rows = r" \\ ".join(rf"\dot {{{sp.latex(x)}}} &= {sp.latex(part)}" for x, part in pairs)
        return rf"$\displaystyle \begin{{aligned}} {rows} \end{{aligned}}$"

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """Symbols in the drift that are not variables, by name."""
        symbols = {symbol for part in self.drift for symbol in part.free_symbols}
        return tuple(sorted(symbols - set(self.variables), key=str))

    def substitute(self, values: Mapping[sp.Symbol | str, float | sp.Expr]) -> Dynamics:
        """Give values to parameters.

        Parameters
        ----------
        values : dict
            By symbol or by name.

        Returns
        -------
        Dynamics

        Raises
        ------
        ModelError
            If a name is not a parameter.

        Examples
        --------
        >>> x, k = sp.symbols("x k", real=True)
        >>> Dynamics([x], [-k * x]).substitute({"k": 2})
        Dynamics(variables=(x,), drift=(-2*x,))
        """
        known = {symbol.name: symbol for symbol in self.parameters}
        for name in values:
            if str(name) not in known:
                msg = f"{name} is not a parameter; the parameters are {', '.join(known) or 'none'}"
                raise ModelError(msg)
        given = {known[str(name)]: sp.sympify(value) for name, value in values.items()}
        return Dynamics(self.variables, tuple(part.subs(given) for part in self.drift))


def _symbol(variable: sp.Symbol | str) -> sp.Symbol:
    symbol = sp.Symbol(variable, real=True) if isinstance(variable, str) else variable
    if not isinstance(symbol, sp.Symbol) or not symbol.name.isidentifier():
        msg = f"{variable} is no variable; use a name such as 'x1' or a sympy.Symbol"
        raise ModelError(msg)
    if symbol.is_real is False:
        msg = f"the variable {symbol} is not real"
        raise ModelError(msg)
    return symbol


def _component(variable: sp.Symbol, part: Any, names: dict[str, sp.Symbol]) -> sp.Expr:
    """Read one equation; symbols of SymPy that are not variables are parameters."""
    if isinstance(part, str):
        try:
            return parse_expression(part, names)
        except ModelError as error:
            if "unknown symbol" not in str(error):
                raise
            msg = (
                f"{error}; parameters are symbols of SymPy: write d{variable}/dt as an expression"
                " such as sympy.Symbol('k')*sympy.tanh(x), and give values with substitute"
            )
            raise ModelError(msg) from error
    return read_function(part, f"d{variable}/dt", {})


def _check_component(variable: sp.Symbol, part: sp.Expr, names: dict[str, sp.Symbol]) -> None:
    if not isinstance(part, sp.Expr) or part.has(sp.oo, -sp.oo, sp.zoo, sp.nan, sp.I):
        msg = f"d{variable}/dt = {part} is not a real and finite expression"
        raise ModelError(msg)
    for symbol in part.free_symbols:
        if symbol.name in names and symbol != names[symbol.name]:
            msg = (
                f"the symbol {symbol} in d{variable}/dt = {part} is not the variable {symbol}: they"
                " differ in their assumptions; use the same sympy.Symbol"
            )
            raise ModelError(msg)
