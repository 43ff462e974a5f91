"""Lines of source for the templates of a functional's kernel.

Everything that depends on x is computed in loops over quadrature nodes, with elementary functions
that compilers can compute several numbers at a time (``templates/elementary.txt``). What takes
such a function is computed once and kept in a table; the rest is cheaper to compute again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.averages import Abbreviation, GaussianAverage, SiteAverage, SiteIntegral
from theory.codegen.printer import assignments, identifier, print_expression
from theory.expressions import X

if TYPE_CHECKING:
    from theory.free_energy import FreeEnergy

_LOG_INTEGRAL = sp.Symbol("log_integral", real=True)


class FunctionalLines:
    """The functional's outputs as source lines.

    Parameters
    ----------
    free_energy : FreeEnergy

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> blocks = FunctionalLines(replica_symmetric(RandomNetwork()).symmetric).blocks()
    >>> print(blocks["tabulate"].strip())
    table_c[spot] = vector_tanh(x)
    """

    def __init__(self, free_energy: FreeEnergy) -> None:
        self.free_energy = free_energy
        symbols = free_energy.symbols
        size = len(symbols)
        self.outputs: dict[str, sp.Expr] = {"value[lane]": free_energy.functional}
        for k in range(size):
            self.outputs[f"residual[lane, {k}]"] = free_energy.residual[k]
        for k in range(size):
            for l in range(size):
                self.outputs[f"jacobian[lane, {k}, {l}]"] = free_energy.jacobian[k, l]
        for k, expression in enumerate(free_energy.outputs.values()):
            self.outputs[f"observables[lane, {k}]"] = expression
        found = {a for e in self.outputs.values() for a in e.atoms(SiteAverage)}
        self.averages = sorted(found, key=str)
        self.moments = {a: sp.Symbol(f"average_{k}") for k, a in enumerate(self.averages)}
        self.abbreviations = self._ordered_abbreviations()

    def _ordered_abbreviations(self) -> list[Abbreviation]:
        """Abbreviations of the exponent, those that others use first."""
        found = set(self.free_energy.exponent.atoms(Abbreviation))
        while inner := {b for a in found for b in a.definition.atoms(Abbreviation)} - found:
            found |= inner
        return sorted(found, key=lambda a: (len(a.definition.atoms(Abbreviation)) > 0, str(a)))

    def blocks(self) -> dict[str, str]:
        """The parts of the templates, by name."""
        free_energy = self.free_energy
        # only what takes an elementary function is worth a table
        costly = [a for a in self.abbreviations if a.definition.atoms(sp.Function)]
        of_x = [a for a in costly if a.definition.free_symbols == {X}]
        fixed = [a for a in self.abbreviations if X not in a.definition.free_symbols]
        rest = [a for a in self.abbreviations if a not in of_x and a not in fixed]
        exponent_terms = sp.Add.make_args(sp.expand(free_energy.exponent))
        level = sp.Add(*(t for t in exponent_terms if X not in t.free_symbols))
        height = free_energy.exponent - level
        at_node = {identifier(a): a.definition for a in rest}
        parameters = [identifier(s) for s in free_energy.parameters]
        theta = [identifier(s) for s in free_energy.symbols]
        fields = [identifier(s) for s in free_energy.fields]
        constants = [f"{identifier(a)} = {print_expression(a.definition)}" for a in fixed]
        unpack = [
            *(f"{name} = theta[lane, {k}]" for k, name in enumerate(theta)),
            *(f"{name} = parameters[lane, {k}]" for k, name in enumerate(parameters)),
            *constants,
        ]
        again = {identifier(a): a.definition for a in rest if a not in costly}
        tables = [identifier(a) for a in of_x]
        observables = {f"term_{k}": a.args[0] for k, a in enumerate(self.averages)}
        stored = [identifier(a) for a in rest if a in costly]
        outside, inside = self._outputs()
        unpack_fields = [f"{name} = field[{k}]" for k, name in enumerate(fields)]
        scale = {p.symbol: sp.Abs(p.scale) for p in free_energy.order_parameters}
        grid = [f"tables[{k}, spot]" for k in range(len(of_x))]
        read = {n: f"table_{n}[spot]" for n in tables}
        functions = {identifier(a): a.definition for a in of_x}
        last = assignments({"height": height}, vector=True)  # after all that it uses by name
        height_lines = [*assignments(at_node, vector=True), *last]
        return {
            "unpack": _lines(unpack, 2),
            "unpack_height": _lines(unpack, 1),
            "allocate": _lines(
                [f"table_{n} = np.empty(most * order)" for n in [*tables, *stored]], 1
            ),
            "tabulate": _lines(
                assignments({read[n]: e for n, e in functions.items()}, vector=True), 3
            ),
            "functions_of_x": str(len(grid)),
            "tabulate_grid": _lines(
                assignments(dict(zip(grid, functions.values(), strict=True)), vector=True), 2
            ),
            "read_grid": _lines([f"{n} = {g}" for n, g in zip(tables, grid, strict=True)], 2),
            "covariance": _lines(_matrix_lines(free_energy.covariance), 2),
            "field_scale": _lines(
                [
                    f"scale[{k}] = {print_expression(_scaled(free_energy.covariance[k, k], scale))}"
                    for k in range(len(fields))
                ],
                2,
            ),
            "dimension": str(len(fields)),
            "unpack_fields": _lines(unpack_fields, 3),
            "unpack_fields_height": _lines(unpack_fields, 1),
            "level": print_expression(level),
            "read_functions": _lines([f"{n} = {place}" for n, place in read.items()], 4),
            "read_middle": _lines([f"{n} = {place}" for n, place in read.items()], 5),
            "height": _lines(
                [*height_lines, *(f"table_{name}[spot] = {name}" for name in stored)], 4
            ),
            "height_middle": _lines(height_lines, 5),
            "height_grid": _lines(height_lines, 2),
            "height_at": _lines([*assignments({**functions, **at_node}, vector=True), *last], 2),
            "image": _lines(self._image_lines(functions, at_node), 3),
            "zero_moments": _lines([f"sum_{k} = 0.0" for k in range(len(self.averages))], 3),
            "read_all": _lines([f"{n} = table_{n}[spot]" for n in [*tables, *stored]], 4),
            "accumulate": _lines(
                [
                    *assignments(again, vector=True),
                    *assignments(observables, vector=True),
                    *(f"sum_{k} += share * term_{k}" for k in range(len(self.averages))),
                ],
                4,
            ),
            "normalise": _lines(
                [f"average_{k} = sum_{k} / norm" for k in range(len(self.averages))], 3
            ),
            "zero_outputs": _lines([f"total_{k} = 0.0" for k in range(len(inside))], 2),
            "integrands": _lines(
                [
                    *assignments({f"integrand_{k}": e for k, e in enumerate(inside)}),
                    *(f"total_{k} += chance * integrand_{k}" for k in range(len(inside))),
                ],
                3,
            ),
            "finish": _lines(
                [
                    *assignments({f"output_{k}": e for k, e in enumerate(outside)}),
                    *(f"{name} = output_{k}" for k, name in enumerate(self.outputs)),
                ],
                2,
            ),
            "scales": _lines(
                [
                    f"scales[lane, {k}] = {print_expression(sp.Abs(p.scale))}"
                    for k, p in enumerate(free_energy.order_parameters)
                ],
                2,
            ),
            "metric": _lines(_matrix_lines(free_energy.metric), 1),
            "unpack_parameters": _lines(
                [f"{name} = parameters[{k}]" for k, name in enumerate(parameters)], 1
            ),
        }

    def _image_lines(self, functions: dict[str, sp.Expr], at_node: dict[str, sp.Expr]) -> list[str]:
        """Lines for the first field at which what is linear in it vanishes at a given x."""
        fields = self.free_energy.fields
        linear = [e for e in at_node.values() if fields and e.has(fields[0])]
        if not linear:
            return ["pass"]
        offset = linear[0].subs(dict.fromkeys(fields, 0))
        slope = linear[0].diff(fields[0])
        terms = {**functions, **{n: e for n, e in at_node.items() if not e.has(*fields)}}
        return [
            *assignments(terms, vector=True),
            *assignments({"offset": offset, "slope": slope}, vector=True),
            "image[lane, spot] = -offset / (slope * math.sqrt(matrix[0, 0]))",
        ]

    def _outputs(self) -> tuple[list[sp.Expr], list[sp.Expr]]:
        """Split every output into what is averaged over the fields and what is done after."""
        inside: list[sp.Expr] = []
        outside: list[sp.Expr] = []

        def averaged(expression: sp.Expr) -> sp.Symbol:
            expression = expression.replace(SiteIntegral, lambda _: sp.exp(_LOG_INTEGRAL))
            expression = expression.xreplace(self.moments)
            if expression not in inside:
                inside.append(expression)
            return sp.Symbol(f"total_{inside.index(expression)}")

        for expression in self.outputs.values():
            if self.free_energy.fields:
                nodes = {
                    n: averaged(n.args[0]) for n in _under_one(expression).atoms(GaussianAverage)
                }
                outside.append(_under_one(expression).xreplace(nodes))
            else:
                reduced = averaged(expression - _theta_part(expression))
                outside.append(reduced + _theta_part(expression))
        return outside, inside


def _under_one(expression: sp.Expr) -> sp.Expr:
    """Take what stands beside an average over the fields into it: ``E[A] + B`` is ``E[A + B]``.

    At low temperature A and B are large and of opposite sign; they must cancel before they are
    summed over the fields.
    """
    terms = sp.Add.make_args(expression)
    averages = [t for t in terms if isinstance(t, GaussianAverage)]
    rest = [t for t in terms if not t.atoms(GaussianAverage, SiteAverage, SiteIntegral)]
    if len(averages) != 1 or len(rest) + 1 != len(terms):
        return expression
    inside, *given = averages[0].args
    return GaussianAverage(inside + sp.Add(*rest), *given)


def _theta_part(expression: sp.Expr) -> sp.Expr:
    """The terms without any average over the unit."""
    terms = sp.Add.make_args(expression)
    return sp.Add(*(t for t in terms if not t.atoms(SiteAverage, SiteIntegral)))


def _scaled(expression: sp.Expr, scale: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    return expression.subs(scale, simultaneous=True)


def _matrix_lines(matrix: sp.Matrix) -> list[str]:
    return [
        f"matrix[{k}, {l}] = {print_expression(matrix[k, l])}"
        for k in range(matrix.rows)
        for l in range(matrix.cols)
    ]


def _lines(lines: list[str], depth: int) -> str:
    return "\n".join("    " * depth + line for line in lines or ["pass"])
