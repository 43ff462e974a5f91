"""The exported module stands alone: it runs its own check where restpoint cannot be imported."""

import subprocess
import sys
import textwrap
from importlib.metadata import version

import numpy as np
import pytest
from scipy import special

from numerics import solve
from theory import ModelError, RandomNetwork, replica_symmetric
from theory.codegen.export import export_kernels


@pytest.mark.parametrize(
    "network",
    [RandomNetwork(), pytest.param(RandomNetwork(transfer="Max(0, x)"), marks=pytest.mark.slow)],
)
def test_module_runs_alone(network, tmp_path):
    path = tmp_path / "kernels.py"
    export_kernels(network, path)
    code = (
        "import sys; sys.modules['sympy'] = sys.modules['theory'] = None;"
        "import kernels; kernels.check()"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


ALONE = """
import sys
sys.modules["sympy"] = sys.modules["theory"] = sys.modules["scipy"] = None
import kernels
"""


def run_alone(folder, code):
    command = [sys.executable, "-c", ALONE + code]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_example_of_the_header_solves_a_point(tmp_path):
    """With a mean, fields and a gain, against the solver; by numpy and numba alone."""
    network = RandomNetwork(gain="1 + tanh(x)/2", mean=0.2, field_std=0.3)
    export_kernels(network, tmp_path / "kernels.py")
    documentation = (tmp_path / "kernels.py").read_text(encoding="utf-8").split('"""')[1]
    code = textwrap.dedent(documentation.split("::\n\n")[1].split("\n\nRunning")[0])
    found = eval(run_alone(tmp_path, code).replace("np.float64", "float"))
    point = solve(replica_symmetric(network), 0.3, 0.2, 1.0).squeeze()
    for name, value in found.items():
        assert value == pytest.approx(point[name].item(), rel=1e-9, abs=1e-12)
    assert f"restpoint {version('restpoint')}" in documentation
    assert str(network) in documentation
    assert "BSD-3-Clause" in documentation


def test_one_state_and_documentation(tmp_path):
    export_kernels(RandomNetwork(transfer="erf(x)"), tmp_path / "kernels.py")
    code = """
import numpy as np
generator = np.random.default_rng(0)
J, x, v = generator.normal(size=(5, 5)), generator.normal(size=5), generator.normal(size=5)
for name in ("drift", "gradient", "drive_gradient", "energy"):
    function = getattr(kernels, name)
    assert np.array_equal(function(x, J), function(x[:, None], J)[..., 0]), name
columns = kernels.hessian_vector(x[:, None], v[:, None], J)
assert np.array_equal(kernels.hessian_vector(x, v, J), columns[:, 0])
energy, gradient = kernels.energy_and_gradient(x, J)
assert energy.shape == () and gradient.shape == (5,)
for name in kernels.__all__:
    value = getattr(kernels, name)
    assert not callable(value) or value.__doc__, name
print(kernels.energy(x, J), x.tolist(), J.tolist())
"""
    energy, rest = run_alone(tmp_path, code).split(" ", 1)
    x, J = eval("(" + rest.replace("] [[", "], [[") + ")")
    force = -np.array(x) + np.array(J) @ special.erf(x)
    assert float(energy) == pytest.approx((force**2).sum() / 2, rel=1e-12)


def test_unwritable_path_leaves_nothing(tmp_path):
    with pytest.raises(ModelError, match="cannot write"):
        export_kernels(RandomNetwork(), tmp_path / "missing" / "kernels.py")


def test_a_wrong_kernel_fails_its_check(tmp_path):
    path = tmp_path / "broken_kernels.py"
    export_kernels(RandomNetwork(), path)
    text = path.read_text(encoding="utf-8")
    wrong = text.replace("gradient[i, s] = gradient_i", "gradient[i, s] = -gradient_i")
    assert wrong != text
    path.write_text(wrong, encoding="utf-8")
    run = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "gradient" in run.stderr
