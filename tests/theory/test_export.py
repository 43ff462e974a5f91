"""The exported module stands alone: it runs its own check where restpoint cannot be imported."""

import subprocess
import sys

import pytest

from theory import ModelError, RandomNetwork
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
