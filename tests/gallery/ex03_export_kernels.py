"""Export compiled kernels of a model to one file and use them without restpoint."""

import importlib.util
from pathlib import Path

import numpy as np

from theory import RandomNetwork
from theory.codegen.export import export_kernels

network = RandomNetwork(gain="1 + tanh(x)/2", transfer="tanh(x)", field_std=0.2)
path = Path("exported_kernels.py")
export_kernels(network, path)

# the file needs numpy and numba only; from here on restpoint serves to draw a network
spec = importlib.util.spec_from_file_location("exported_kernels", path)
kernels = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kernels)
kernels.check()

J, h = network.draw(size=200, g=1.2, gamma=0.5, seed=7)
x = np.random.default_rng(7).normal(size=(200, 16))  # sixteen states, one per column
before = kernels.energy(x, J, h)
for _ in range(200):
    x = x - 0.05 * kernels.gradient(x, J, h)
after = kernels.energy(x, J, h)
print(f"mean energy per unit: {before.mean() / 200:.4f} -> {after.mean() / 200:.6f}")
assert (after < before).all()
