"""Whether an expression is identically zero."""

from __future__ import annotations

import random

import mpmath
import sympy as sp


def vanishes(expression: sp.Expr) -> bool:
    """Decide whether an expression is zero for all values of its symbols.

    A few numbers refute it cheaply; only a proof by simplification confirms it.

    Parameters
    ----------
    expression : sympy.Expr
        May have indexed quantities, which are taken as independent of each other.

    Returns
    -------
    bool

    Examples
    --------
    >>> x, y = sp.symbols("x y", real=True)
    >>> vanishes(sp.cosh(x) ** 2 - sp.sinh(x) ** 2 - 1), vanishes(x - y)
    (True, False)
    """
    named = expression.xreplace(
        {node: sp.Dummy(real=True) for node in expression.atoms(sp.Indexed)}
    )
    symbols = sorted(named.free_symbols, key=str)
    generator = random.Random(0)  # noqa: S311 - points of a test, not a secret
    # no number meets a Dirac delta; the proof below has to do away with them
    modules = [{"DiracDelta": lambda *_: mpmath.mpf(0)}, "mpmath"]
    function = sp.lambdify(symbols, named, modules, cse=True)
    with mpmath.workdps(30):
        for _ in range(3):
            point = [mpmath.mpf(generator.randint(1, 999)) / 401 for _ in symbols]
            value = mpmath.mpc(function(*point))
            if mpmath.isfinite(value) and abs(value) > mpmath.mpf("1e-20"):
                return False
    if sp.expand(named) == 0:
        return True
    return any(sp.simplify(form) == 0 for form in (named, named.rewrite(sp.exp)))
