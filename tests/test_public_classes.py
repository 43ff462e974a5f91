"""Every public class is equal, hashed, pickled and tokenised by its value, also elsewhere."""

import importlib
import inspect
import pickle
import subprocess
import sys

import pytest
from dask.base import tokenize

PACKAGES = ("theory", "numerics", "validation", "reports")
NETWORK = "RandomNetwork(transfer='erf(x)', field_std=0.5)"
EXAMPLES = {
    "Dynamics": "Dynamics(['x', 'y'], ['y', '-x'])",
    "FreeEnergy": f"replica_symmetric({NETWORK})",
    "Instance": f"Instance({NETWORK}, 10, seed=1, number=2)",
    "QuasiPotential": f"QuasiPotential({NETWORK})",
    "RandomNetwork": NETWORK,
    "Sampling": "Sampling(chains=4)",
    "SimulatingTask": f"SimulatingTask({NETWORK}, 0.5, 0.0, [0.1, 0.2], 20, [0, 1], seed=3)",
    "SolvingTask": f"SolvingTask({NETWORK}, [0.5, 1.0], 0.0, 0.1, mean=[0, 0.2])",
    "Tempering": "Tempering(draws=100)",
}
"""Errors are raised, not compared: they have no example."""
OTHERS = {
    "Dynamics": "Dynamics(['x', 'y'], ['y', '-2*x'])",
    "FreeEnergy": "replica_symmetric(RandomNetwork())",
    "Instance": f"Instance({NETWORK}, 10, seed=1, number=3)",
    "QuasiPotential": "QuasiPotential(RandomNetwork())",
    "RandomNetwork": "RandomNetwork(transfer='erf(x)')",
    "Sampling": "Sampling(chains=8)",
    "SimulatingTask": f"SimulatingTask({NETWORK}, 0.5, 0.0, [0.1, 0.2], 20, [0, 1], seed=4)",
    "SolvingTask": f"SolvingTask({NETWORK}, [0.5, 1.1], 0.0, 0.1, mean=[0, 0.2])",
    "Tempering": "Tempering(draws=101)",
}
IMPORTS = "from theory import *; from numerics import *; from validation import *; "


def public_classes():
    for package in map(importlib.import_module, PACKAGES):
        for name in getattr(package, "__all__", []):
            value = getattr(package, name)
            if inspect.isclass(value) and not issubclass(value, Exception):
                yield name


def make(text):
    names = {}
    exec(IMPORTS, names)
    return eval(text, names)


def test_every_public_class_has_an_example():
    assert sorted(public_classes()) == sorted(EXAMPLES)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_value(name):
    first, second, other = make(EXAMPLES[name]), make(EXAMPLES[name]), make(OTHERS[name])
    assert type(first).__name__ == name
    assert first == second == pickle.loads(pickle.dumps(first))
    assert hash(first) == hash(second) == hash(pickle.loads(pickle.dumps(first)))
    assert tokenize(first) == tokenize(second)
    assert first != other
    assert tokenize(first) != tokenize(other)


def test_tokens_of_another_process():
    code = f"{IMPORTS}from dask.base import tokenize\n" + "\n".join(
        f"print(tokenize({text}))" for _, text in sorted(EXAMPLES.items())
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [tokenize(make(text)) for _, text in sorted(EXAMPLES.items())]
