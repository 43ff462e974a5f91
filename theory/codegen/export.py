"""A standalone module with the kernels of one model, which carries its own check."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import replace
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import numpy as np

from theory.codegen.functional import functional_kernel, functional_source
from theory.codegen.functional_check import check_rule, plain_values, random_point
from theory.codegen.importing import import_text
from theory.codegen.kernels import network_kernels
from theory.ensembles import check_network
from theory.files import writing
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork
    from theory.free_energy import FreeEnergy

_IMPORTS = "from numba import njit\n"
_SIGNATURE = re.compile(r"\ndef ([a-z]\w*)\((.*)\):")
_OF_THE_FUNCTIONAL = (
    "ORDER_PARAMETERS", "OBSERVABLES", "Rule", "check", "density", "evaluate", "make_rule",
)  # fmt: skip
_MEANING = {
    "drift": "Drift F of the dynamics, of the shape of x.",
    "drive_gradient": "Derivatives of E in the drives J c(x), of the shape of x.",
    "jacobian_vector": "Jacobian of the drift times v, of the shape of x.",
    "transposed_jacobian_vector": "Transposed Jacobian of the drift times v, of the shape of x.",
    "jacobian_parts": "Vectors diagonal, left and right of the Jacobian, of the shape of x.",
    "energy": "Quasi-potential E, a number for every state.",
    "gradient": "Gradient of E, of the shape of x.",
    "energy_and_gradient": "Quasi-potential and its gradient.",
    "hessian_vector": "Hessian of E times v, of the shape of x.",
}


def export_kernels(network: RandomNetwork, path: Path) -> None:
    """Write the kernels of a model to one module that imports only numpy and numba.

    The module holds the energy, its gradient and Hessian-vector product for a network, the
    free-energy functional of the default branch, and ``check()``, which compares derivatives with
    finite differences and the functional with values from mpmath. Running the module runs the
    check.

    Parameters
    ----------
    network : RandomNetwork
    path : pathlib.Path
        Replaced only when the new file is complete and has passed its check.

    Raises
    ------
    ModelError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from theory import RandomNetwork
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "kernels.py"
    ...     export_kernels(RandomNetwork(), path)
    ...     "import sympy" in path.read_text(encoding="utf-8")
    False
    """
    check_network(network, "export_kernels")
    text = _module_text(network)
    with tempfile.TemporaryDirectory() as folder:
        # Numba caches beside an existing file; the user's folder is no place for that
        trial = Path(folder) / f"restpoint_export_{os.getpid()}.py"
        trial.write_text(text, encoding="utf-8")
        import_text(trial, text).check()
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _module_text(network: RandomNetwork) -> str:
    free_energy = replace(replica_symmetric(network), reduced=True)
    kernel = functional_kernel(free_energy)
    functional = functional_source(free_energy)[0].split(_IMPORTS, 1)[1]
    energies = network_kernels(network)
    heading, dynamics = energies.source.split(_IMPORTS, 1)
    _, about_energy, _ = heading.split('"""', 2)
    signatures = dict(_SIGNATURE.findall(dynamics))
    numbers = [float(value) for value in network.values.values()]
    header = _template("export_header").substitute(
        model=network,
        version=version("restpoint"),
        about_energy=about_energy.strip(),
        order_parameters=", ".join(kernel.order_parameters),
        numbers=", ".join(map(repr, numbers)),
        all="\n".join(f"    {name!r}," for name in sorted([*signatures, *_OF_THE_FUNCTIONAL])),
    )
    return "\n\n".join(
        [
            header.rstrip() + "\n" + _SIGNATURE.sub(r"\ndef compiled_\1(\2):", dynamics).rstrip(),
            _template("export_columns").substitute().strip() + "\n",
            *(_wrapper(name, arguments) for name, arguments in signatures.items()),
            functional.strip() + "\n",
            _template("export_rule").substitute().strip() + "\n",
            _check(free_energy, "gradient" not in energies.refused),
        ]
    )


def _wrapper(name: str, arguments: str) -> str:
    """A function that takes one state as well as several, as columns."""
    states = [part for part in arguments.split(", ") if part in {"x", "v"}]
    rest = [part for part in arguments.split(", ") if part not in states]
    columns = f"({', '.join(states)},), ({', '.join(rest)},)"
    return (
        f'def {name}({arguments}):\n    """{_MEANING[name]}"""\n'
        f"    return _in_columns(compiled_{name}, {columns})\n"
    )


def _check(free_energy: FreeEnergy, has_derivatives: bool) -> str:
    """The module's own check, with values from mpmath."""
    kernel, network = functional_kernel(free_energy), free_energy.network
    theta, parameters = random_point(free_energy, seed=1)
    expected = plain_values(
        free_energy, kernel.module, theta, parameters, check_rule(kernel.module)
    )
    fields = np.linspace(-0.3, 0.4, 3).tolist() if network.field_std else None
    return _template("check").substitute(
        theta=theta.tolist(),
        parameters=parameters.tolist(),
        expected=expected,
        has_derivatives=has_derivatives,
        constants=f", np.array({fields})" if fields else ",",
    )


def _template(name: str) -> Template:
    path = resources.files("theory.codegen").joinpath(f"templates/{name}.txt")
    return Template(path.read_text("utf-8"))
