"""Kernels that come from the cache give the bits of those just compiled."""

import os
import re
import subprocess
import sys

from theory import RandomNetwork, replica_symmetric
from theory.codegen.functional import functional_source

SOLVE = """
import numpy as np
from numerics import solve
from numerics.density import bin_probability
from theory import RandomNetwork, replica_symmetric

free_energy = replica_symmetric(RandomNetwork())
point = solve(free_energy, 0.6, 0.5, 0.1).squeeze()
shares = bin_probability(free_energy, point, np.linspace(-3, 3, 61))
for values in (point.q, point.rho, point.quadrature_error, shares):
    print(np.asarray(values).tobytes().hex())
"""


def test_first_and_second_process_give_the_same_bits(tmp_path):
    environment = os.environ | {"RESTPOINT_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", SOLVE]
    first, second = (
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    )
    assert len(first) > 61 * 16
    assert first == second


def test_every_function_says_how_it_is_compiled():
    # what it leaves open, Numba takes from the function that happens to call it first
    source, _ = functional_source(replica_symmetric(RandomNetwork(field_std=0.2)))
    decorators = re.findall(r"^@njit\((.*)\)$", source, flags=re.MULTILINE)
    assert len(decorators) > 10
    assert all("fastmath=" in found and "error_model=" in found for found in decorators)
