"""Comparing a generated functional with plain mpmath on the same quadrature nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import sympy as sp

from theory.evaluation import evaluate
from theory.expressions import ModelError

if TYPE_CHECKING:
    from types import ModuleType

    from theory.free_energy import FreeEnergy


def check_functional(free_energy: FreeEnergy, module: ModuleType, tolerance: float = 1e-9) -> None:
    """Compare a generated module with plain mpmath on the same quadrature nodes.

    Parameters
    ----------
    free_energy : FreeEnergy
    module : module
        From `functional_source`.
    tolerance : float
        Largest difference relative to ``1 + |value|``.

    Raises
    ------
    ModelError
        With both values where they differ.
    """
    point, parameters = random_point(free_energy, seed=0)
    rule = check_rule(module)
    value, residual, jacobian, observables = module.evaluate(point[None], parameters[None], rule)
    compiled = np.concatenate([value, residual[0], jacobian[0].ravel(), observables[0]])
    expected = plain_values(free_energy, module, point, parameters, rule)
    size = len(point)
    names = ["value", *(f"residual {s}" for s in free_energy.symbols)]
    names += [f"jacobian {one} {two}" for one in free_energy.symbols for two in free_energy.symbols]
    names += list(free_energy.outputs)
    assert len(names) == 1 + size + size**2 + len(free_energy.outputs)
    for name, one, two in zip(names, compiled, expected, strict=True):
        if not abs(one - two) <= tolerance * (1 + abs(two)):
            msg = (
                f"the compiled {name} of {free_energy.network} is {one!r} but"
                f" mpmath gives {two!r}; clear the cache, and report the model if it happens again"
            )
            raise ModelError(msg)


def random_point(free_energy: FreeEnergy, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random order parameters and parameters with a positive definite field covariance.

    Parameters
    ----------
    free_energy : FreeEnergy
    seed : int

    Returns
    -------
    order_parameters, parameters : ndarray
        In the order of the kernel's arrays; model parameters that vanish are zero.
    """
    generator = np.random.default_rng(seed)
    given = free_energy.parameters
    numbers = dict(zip(given, generator.uniform(0.4, 0.9, len(given)), strict=True))
    numbers |= free_energy.network.vanishing
    parameters = np.array([float(numbers[symbol]) for symbol in given])
    covariance = sp.lambdify([*given, *free_energy.symbols], free_energy.covariance)
    while True:
        theta = generator.uniform(-0.5, 1.0, len(free_energy.symbols))
        q = dict(zip(map(str, free_energy.symbols), theta, strict=True))
        if q["q"] - q.get("Q", 0) < 0.1:
            continue
        matrix = np.atleast_2d(np.array(covariance(*parameters, *theta), dtype=float))
        if not free_energy.fields or np.linalg.eigvalsh(matrix).min() > 0.02:
            return theta, parameters


def check_rule(module: ModuleType) -> Any:
    """Make a small quadrature rule: comparing with mpmath needs the same nodes, not many."""
    node, weight = np.polynomial.legendre.leggauss(6)
    return module.Rule(
        lower=np.array([-2.5]),
        upper=np.array([2.0]),
        panels=np.array([3]),
        step=np.array([1.2]),
        reach=1.7,
        node=node,
        weight=weight,
    )


def plain_values(
    free_energy: FreeEnergy,
    module: ModuleType,
    point: np.ndarray,
    parameters: np.ndarray,
    rule: Any,
) -> list[float]:
    """Value, residual, Jacobian and observables at one point by plain mpmath."""
    values = dict(
        zip(
            [*free_energy.parameters, *free_energy.symbols],
            map(mpmath.mpf, [*parameters, *point]),
            strict=True,
        )
    )
    x, w = module.site_nodes(rule.lower[0], rule.upper[0], rule.panels[0], rule.node, rule.weight)
    if module.EVEN:
        x, w = np.concatenate([-x, x]), np.concatenate([w, w])
    active = np.ones(len(free_energy.fields), dtype=np.bool_)
    z, chance = module.field_nodes(
        active, rule.step[0], rule.reach, np.empty(0), rule.node, rule.weight
    )
    outputs = [
        free_energy.functional,
        *free_energy.residual,
        *free_energy.jacobian,
        *free_energy.outputs.values(),
    ]
    site_rule = [(mpmath.mpf(a), mpmath.mpf(b)) for a, b in zip(x, w, strict=True)]
    field_rule = [(list(map(mpmath.mpf, a)), mpmath.mpf(b)) for a, b in zip(z, chance, strict=True)]
    return [float(mpmath.re(v)) for v in evaluate(outputs, values, site_rule, field_rule)]
