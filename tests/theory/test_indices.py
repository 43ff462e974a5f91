"""Index algebra against sums written out."""

from __future__ import annotations

import pytest
import sympy as sp

from theory.indices import (
    contract_deltas,
    directional_derivative,
    expand_sums,
    name_elements,
    substitute_index,
)

i, j, k, l = sp.symbols("i j k l", integer=True)
N = sp.Symbol("N", integer=True, positive=True)
x, v, J = (sp.IndexedBase(name, real=True) for name in "xvJ")
delta = sp.KroneckerDelta


def written_out(expression, size, **places):
    places = {{"k": k, "l": l}[name]: place for name, place in places.items()}
    return sp.expand(expand_sums(expression.subs(places), {N: size}))


EXPRESSIONS = [
    sp.Sum(delta(i, k) * x[i] ** 2, (i, 1, N)),
    sp.Sum((x[i] + delta(i, k)) ** 3 * x[k], (i, 1, N)),
    sp.Sum(J[i, j] * delta(j, k) * delta(i, l), (j, 1, N), (i, 1, N)),
    sp.Sum(J[i, k] * sp.Sum(J[i, j] * delta(j, l) * x[j], (j, 1, N)), (i, 1, N)),
    sp.Sum(delta(i, l) * sp.Sum(J[i, j] * x[j], (j, 1, N)), (i, 1, N)) * delta(k, l),
    sp.Sum(x[k] + delta(i, k) * x[l], (i, 1, N)),
    sp.Sum(x[k], (i, 1, N)),
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
@pytest.mark.parametrize("places", [{"k": 1, "l": 2}, {"k": 3, "l": 3}])
def test_contraction_keeps_the_value(expression, places):
    contracted = contract_deltas(expression)
    assert not any(node.has(delta) for node in contracted.atoms(sp.Sum))
    assert written_out(contracted, 3, **places) == written_out(expression, 3, **places)


def test_contraction_renames_captured_indices():
    expression = sp.Sum(delta(i, j) * sp.Sum(J[i, j] * x[j], (j, 1, N)), (i, 1, N))
    contracted = contract_deltas(expression)
    # the free j is the row, the summed one another letter
    assert contracted.free_symbols >= {j}
    row = contracted.subs(j, 2)
    assert expand_sums(row, {N: 2}) == J[2, 1] * x[1] + J[2, 2] * x[2]
    assert substitute_index(x[i] * x[k], i, k) == x[k] ** 2


def test_derivative_of_a_quadratic_form():
    form = sp.Sum(x[i] * J[i, j] * x[j], (j, 1, N), (i, 1, N))
    gradient = contract_deltas(form.diff(x[k]))
    explicit = written_out(form, 3)
    for place in (1, 2, 3):
        assert sp.expand(explicit.diff(x[place]) - written_out(gradient, 3, k=place)) == 0


def test_directional_derivative_is_the_gradient_times_the_direction():
    form = sp.Sum(sp.tanh(x[i] * x[k]) + sp.Sum(J[i, j] * x[j] ** 3, (j, 1, N)), (i, 1, N))
    along = written_out(directional_derivative(form, x, v), 2, k=2)
    explicit = written_out(form, 2, k=2)
    expected = sum(explicit.diff(x[n]) * v[n] for n in (1, 2))
    assert sp.expand(along - expected) == 0


def test_names_of_elements_stay_apart():
    named = name_elements(J[1, 12] + J[11, 2] + J[1, 2] * x[3])
    assert {symbol.name for symbol in named.free_symbols} == {"J_1_12", "J_11_2", "J_12", "x_3"}
    assert all(symbol.is_real for symbol in named.free_symbols)
