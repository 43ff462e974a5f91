"""The dynamics of a drawn network by jitcsde: C code compiled in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.ensembles import RandomNetwork
from theory.expressions import ModelError, X
from validation.runs import model_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = ("jitcsde", "symengine")
PROCESS = (
    "import sys; from pathlib import Path; from reports.benchmark_jitcsde import write_module;"
    " print(write_module(Path(sys.argv[1]), Path(sys.argv[2])))"
)
"""What the other process runs; its last word is the time it took."""


@contextmanager
def compiled_network(
    network: RandomNetwork, J: np.ndarray, h: np.ndarray, noise: float
) -> Iterator[tuple[Any, float]]:
    """Compile the dynamics of one network with noise.

    The compiler is run by setuptools, which reads configuration from the working directory and
    may end the process: hence another process, in an empty directory.

    Parameters
    ----------
    network : RandomNetwork
    J : ndarray, shape (N, N)
    h : ndarray, shape (N,)
    noise : float
        D.

    Yields
    ------
    integrator : jitcsde.jitcsde
    seconds : float
        Wall time of writing and compiling the C code.

    Raises
    ------
    ModelError
        If jitcsde is not installed, or the code cannot be written or compiled.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ModelError(
            f"{' and '.join(missing)} not installed; try pip install 'restpoint[benchmarks]'"
        )
    with tempfile.TemporaryDirectory() as folder:
        drawn, module = Path(folder) / "network.npz", Path(folder) / "dynamics.so"
        functions = json.dumps(model_settings(network))
        np.savez(drawn, J=J, h=h, noise=noise, functions=functions)
        command = [sys.executable, "-c", PROCESS, str(drawn), str(module)]
        done = subprocess.run(  # noqa: S603  (this module, files of this function)
            command, cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode or not module.exists():
            said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
            raise ModelError(
                f"jitcsde could not compile the network: {said}; is there a C compiler?"
            )
        from jitcsde import jitcsde  # noqa: PLC0415  (optional)

        integrator = jitcsde(module_location=str(module), n=len(J), verbose=False)
        yield integrator, float(done.stdout.split()[-1])


def integrate(
    integrator: Any, start: np.ndarray, times: np.ndarray, tolerance: float, seed: int
) -> np.ndarray:
    """Integrate one trajectory with adaptive steps.

    Parameters
    ----------
    integrator : jitcsde.jitcsde
    start : ndarray, shape (N,)
    times : ndarray
    tolerance : float
        Absolute and relative.
    seed : int

    Returns
    -------
    ndarray, shape (times, N)
    """
    integrator.set_seed(seed)
    integrator.set_initial_value(start, 0.0)
    integrator.set_integration_parameters(
        atol=tolerance, rtol=tolerance, first_step=0.05, max_step=1.0, min_step=1e-8
    )
    return np.array([integrator.integrate(time) for time in times])


def write_module(drawn: Path, module: Path) -> float:
    """Write and compile the C code of a network; returns the seconds this takes."""
    import symengine  # noqa: PLC0415  (optional)
    from jitcsde import jitcsde, y  # noqa: PLC0415  (optional)

    with np.load(drawn) as data:
        J, h, noise = data["J"], data["h"], float(data["noise"])
        functions = json.loads(str(data["functions"]))
    network = RandomNetwork(**{name: functions[name] for name in ("local", "gain", "transfer")})
    begin = time.perf_counter()
    size = len(J)
    activity = [symengine.Symbol(f"c_{unit}") for unit in range(size)]

    def of(expression: Any, unit: int) -> Any:
        return symengine.sympify(expression).subs(symengine.sympify(X), y(unit))

    drift = []
    for unit in range(size):
        total = symengine.Add(*(float(J[unit, j]) * activity[j] for j in range(size)))
        drift.append(of(network.local, unit) + of(network.gain, unit) * total + float(h[unit]))
    integrator = jitcsde(
        drift,
        [symengine.sympify(float(np.sqrt(2 * noise)))] * size,
        helpers=[(activity[unit], of(network.transfer, unit)) for unit in range(size)],
        n=size,
        additive=True,
        verbose=False,
    )
    integrator.compile_C()
    seconds = time.perf_counter() - begin
    integrator.save_compiled(str(module), overwrite=True)
    return seconds
