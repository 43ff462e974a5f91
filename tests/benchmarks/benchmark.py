"""Speed in figures and ratios from one run; asserts nothing.

Run as ``python tests/benchmarks/benchmark.py``. Solver rates are those of one thread, warm.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  (threads are set before)

from numerics import solve  # noqa: E402
from numerics.targets import network_target  # noqa: E402
from theory import RandomNetwork, replica_symmetric  # noqa: E402
from theory.codegen.kernels import network_kernels  # noqa: E402
from validation.leapfrog import Walkers  # noqa: E402

POINT = ["--g", "1.2", "--gamma", "0.5", "--temperature", "0.01", "--json"]
VALIDATE = ["validate", "--g", "1.2", "--gamma", "0.5", "--temperature", "0.1", "--json"]
MODELS = {
    "symmetric branch": (RandomNetwork(), 5001),
    "general, two fields": (RandomNetwork(transfer="tanh(x + 1/2)"), 101),
    "general, three fields": (
        RandomNetwork(gain="1 + tanh(x)/2", mean=0.5, field_std=0.4),
        11,
    ),
}


def show(name: str, value: float, unit: str) -> None:
    print(f"{name:<58}{value:>12.4g}  {unit}", flush=True)


def solver_rates() -> None:
    """Solve sweeps in g at several temperatures."""
    for name, (network, count) in MODELS.items():
        free_energy = replica_symmetric(network)
        solve(free_energy, 1.0, 0.1, 0.1)
        for temperature in (0.1, 0.01) if "general" in name else (0.1, 1e-2, 1e-4):
            start = time.perf_counter()
            points = solve(free_energy, np.linspace(0.4, 1.4, count), 0.5, temperature)
            rate = count / (time.perf_counter() - start)
            label = f"{name}, T = {temperature:g} ({int(points.converged.sum())}/{count})"
            show(label, rate, "points/s")
            if "three" in name:
                break


def gradient_rate(size: int, states: int = 64) -> None:
    """Compare the gradient of many states with the two matrix products it contains."""
    network = RandomNetwork()
    kernels = network_kernels(network)
    couplings, _ = network.draw(size, 1.2, 0.5)
    x = np.random.default_rng(0).normal(size=(size, states))
    gradient, bare = [], []
    for _ in range(15):
        start = time.perf_counter()
        kernels.gradient(x, couplings)
        middle = time.perf_counter()
        couplings @ x
        couplings.T @ x
        gradient.append(middle - start)
        bare.append(time.perf_counter() - middle)
    ratio = float(np.median(bare) / np.median(gradient))
    show(f"gradient at N = {size}, {states} states, of two bare products", ratio, "")


def step_ratio(size: int, chains: int = 64) -> None:
    """Compare a leapfrog step of many chains with as many steps of one chain."""
    network = RandomNetwork()
    couplings, _ = network.draw(size, 1.2, 0.5)
    target = network_target(network, couplings)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(size, chains))

    def seconds(columns: int) -> float:
        """Time ten steps; the median of several runs."""
        taken = []
        for _ in range(5):
            walkers = Walkers(target, x[:, :columns], 0.1, generator)
            start = time.perf_counter()
            walkers.move(1e-3, 10)
            taken.append(time.perf_counter() - start)
        return float(np.median(taken))

    ratio = chains * seconds(1) / seconds(chains)
    show(f"time of {chains} steps of one chain / a step of {chains}, N = {size}", ratio, "")


def timed(command: list[str], folder: str) -> float:
    """Time a whole process of the command with its own cache."""
    environment = {**os.environ, "RESTPOINT_CACHE": str(Path(folder) / "cache")}
    start = time.perf_counter()
    code = "import sys; from reports.cli import main; sys.exit(main())"
    full = [sys.executable, "-c", code, *command]
    done = subprocess.run(full, env=environment, check=False, capture_output=True, cwd=folder)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr.decode())
    return time.perf_counter() - start


def whole_processes() -> None:
    """Time cold and warm starts and the whole report."""
    with tempfile.TemporaryDirectory() as folder:
        show(
            "solve one point, cold (derive, compile, check)", timed(["solve", *POINT], folder), "s"
        )
        show("solve one point, second process", timed(["solve", *POINT], folder), "s")
    with tempfile.TemporaryDirectory() as folder:
        report = ["report", "edge-of-chaos", "--output", str(Path(folder) / "report")]
        show("report edge-of-chaos, cold", timed(report, folder), "s")
        show("validate with the defaults, one thread", timed(VALIDATE, folder), "s")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    show("largest process", peak, "MB")


if __name__ == "__main__":
    solver_rates()
    for units in (1000, 2000):
        gradient_rate(units)
        step_ratio(units)
    whole_processes()
