"""A standalone module with the kernels of one model, which carries its own check."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from importlib import resources
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

_IMPORTS = "from numba import njit\n"


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
    functional = functional.replace("\n\n", "\n\n", 1)
    energies = network_kernels(network)
    heading, dynamics = energies.source.split(_IMPORTS, 1)
    theta, parameters = random_point(free_energy, seed=1)
    expected = plain_values(
        free_energy, kernel.module, theta, parameters, check_rule(kernel.module)
    )
    template = Template(
        resources.files("theory.codegen").joinpath("templates/check.txt").read_text("utf-8")
    )
    fields = np.linspace(-0.3, 0.4, 3).tolist() if network.field_std else None
    check = template.substitute(
        theta=theta.tolist(),
        parameters=parameters.tolist(),
        expected=expected,
        has_gradient="gradient" not in energies.refused,
        has_hessian="hessian_vector" not in energies.refused,
        constants=f", np.array({fields})" if fields else ",",
    )
    return (
        f"{heading}from typing import NamedTuple\n\n{_IMPORTS}{dynamics}\n\n{functional}\n\n{check}"
    )
