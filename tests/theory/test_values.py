"""Equality, hashes, pickles and tokens of what is made twice from the same numbers."""

import pickle
import subprocess
import sys

import pytest
from dask.base import tokenize

from theory import Dynamics, QuasiPotential, RandomNetwork, replica_symmetric
from theory.annealed import Annealed
from theory.free_energy import FreeEnergy
from theory.one_step import OneStep
from theory.stability import Replicon

MAKERS = {
    "network": lambda: RandomNetwork(gain="1/(1 + x**2)", mean=0.5),
    "dynamics": lambda: Dynamics(["x", "y"], ["y", "-x"]),
    "potential": lambda: QuasiPotential(RandomNetwork()),
    "explicit": lambda: QuasiPotential(Dynamics(["x"], ["-x"]), 0.1),
    "functional": lambda: replica_symmetric(RandomNetwork()),
    "annealed": lambda: FreeEnergy(RandomNetwork(), Annealed()),
    "one step": lambda: FreeEnergy(RandomNetwork(), OneStep(), reduced=True),
    "replicon": lambda: Replicon(antisymmetric=True),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_values(make):
    first, second = make(), make()
    assert first == second == pickle.loads(pickle.dumps(first))
    assert hash(first) == hash(second)
    assert tokenize(first) == tokenize(second)
    plain = pickle.dumps(first)
    if isinstance(first, FreeEnergy):
        assert first.fields is not None  # derives and keeps it
    assert pickle.dumps(first) == plain


def test_different_values_differ():
    made = [make() for make in MAKERS.values()]
    assert len(set(made)) == len({tokenize(value) for value in made}) == len(made)
    assert Replicon() != Replicon(antisymmetric=True)


def test_tokens_are_those_of_another_process():
    code = (
        "from dask.base import tokenize; from theory import *;"
        "n = RandomNetwork();"
        "print(tokenize(replica_symmetric(n)), tokenize(QuasiPotential(n)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = [tokenize(MAKERS[name]()) for name in ("functional", "potential")]
    assert found.stdout.split() == expected
