"""Numba source of a free-energy functional: value, map residual, Newton matrix, observables.

One pass over the quadrature nodes computes every moment that any of the outputs needs. What the
source of a functional has in common stands in ``templates``; `functional_lines` lowers the
expressions to its lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Any

import mpmath
import sympy as sp

from theory.codegen import cache
from theory.codegen.functional_check import check_functional
from theory.codegen.functional_lines import FunctionalLines
from theory.ensembles import T

if TYPE_CHECKING:
    from types import ModuleType

    from theory.free_energy import FreeEnergy


@dataclass(frozen=True)
class FunctionalKernel:
    """A compiled functional and what a solver has to know of it.

    Parameters
    ----------
    module : module
        The generated module; ``module.evaluate`` and ``module.support`` are compiled functions.
    metadata : dict
        Names of order parameters, observables, parameters and fields, kinks and features.
    """

    module: ModuleType
    metadata: dict[str, Any]

    @property
    def order_parameters(self) -> list[str]:
        """Names of the order parameters, in the order of the kernel's arrays."""
        return self.metadata["order_parameters"]

    @property
    def observables(self) -> list[str]:
        """Names of the observables, in the order of the kernel's array."""
        return self.metadata["observables"]

    @property
    def fields(self) -> list[str]:
        """Names of the Gaussian fields."""
        return self.metadata["fields"]


def functional_kernel(free_energy: FreeEnergy) -> FunctionalKernel:
    """Load the kernel of a functional from the cache, or derive, compile and check it.

    Parameters
    ----------
    free_energy : FreeEnergy
        Nothing of it is derived if the kernel is in the cache.

    Returns
    -------
    FunctionalKernel

    Raises
    ------
    ModelError
        If the compiled function does not agree with plain mpmath at a random point.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> functional_kernel(replica_symmetric(RandomNetwork()).symmetric).order_parameters
    ['q', 'rho', 'q_hat']
    """
    module, metadata = cache.load(
        f"functional; {free_energy.key}",
        lambda: functional_source(free_energy),
        lambda module, _: check_functional(free_energy, module),
    )
    return FunctionalKernel(module, metadata)


def functional_source(free_energy: FreeEnergy) -> tuple[str, dict[str, Any]]:
    """Write the source of the kernel, and the metadata of `FunctionalKernel`.

    Parameters
    ----------
    free_energy : FreeEnergy

    Returns
    -------
    source : str
    metadata : dict
    """
    lowered = FunctionalLines(free_energy)
    network = free_energy.network
    symmetric = bool(free_energy.reduced and free_energy.reduction.is_symmetry)
    # without fields the weight of a model with the symmetry is even
    even = symmetric and not free_energy.fields
    metadata = {
        "order_parameters": [str(symbol) for symbol in free_energy.symbols],
        "observables": list(free_energy.outputs),
        "parameters": [str(symbol) for symbol in free_energy.parameters],
        "fields": [str(symbol) for symbol in free_energy.fields],
        "kinks": [k for k in free_energy.kinks if k > 0 or not even],
        "features": [f for f in free_energy.features if f[0] >= 0 or not even],
        "even": even,
        "correlations": _correlations(free_energy),
        "symmetric": symmetric,
        "origin": float(free_energy.origin),
        "log_temperature": float(free_energy.constant.coeff(sp.log(T))),
    }
    blocks = lowered.blocks()
    model = f"a = {network.local}, b = {network.gain}, c = {network.transfer}"
    source = _template("functional").substitute(
        model=model,
        ansatz=free_energy.ansatz.name,
        metadata="\n".join(f"{key.upper()} = {value!r}" for key, value in metadata.items()),
        elementary=_template("elementary").substitute(exp_series=_exp_series()).rstrip(),
        nodes=_template("nodes").substitute().rstrip(),
        support=_template("support").substitute(blocks).rstrip(),
        **blocks,
    )
    return source, metadata


def _template(name: str) -> Template:
    path = resources.files("theory.codegen").joinpath(f"templates/{name}.txt")
    return Template(path.read_text("utf-8"))


def _exp_series() -> str:
    """Coefficients of the polynomial in the elementary functions, nearly of the least error."""
    with mpmath.workdps(40):
        interval = [-mpmath.mpf("0.35"), mpmath.mpf("0.35")]
        # 1F1(1; 3; r)/2 = (exp(r) - 1 - r)/r^2
        coefficients, error = mpmath.chebyfit(
            lambda r: mpmath.hyp1f1(1, 3, r) / 2, interval, 10, error=True
        )
        assert error < 2e-16  # times r^2, beside r
    return "\n".join(f"    {float(value)!r}," for value in coefficients)


def _correlations(free_energy: FreeEnergy) -> list[str]:
    """Order parameters that only correlate different fields: without them all is feasible."""
    covariance = free_energy.covariance
    size = covariance.rows
    own = {s for k in range(size) for s in covariance[k, k].free_symbols}
    mixed = {s for k in range(size) for l in range(k) for s in covariance[k, l].free_symbols}
    return [str(s) for s in free_energy.symbols if s in mixed - own]
