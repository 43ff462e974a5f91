"""Speed of the solver beside the machine's limit: the elementary functions at its nodes alone.

The limit of an evaluation is the time that NumPy takes for the elementary functions at the same
number of nodes, in arrays that stay in the processor's cache, measured in the same run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.special
import sympy as sp

from numerics.quadrature import Quadrature, counting, evaluate
from numerics.solve import solve
from theory.averages import written_out
from theory.codegen.functional import FunctionalKernel, functional_kernel
from theory.ensembles import RandomNetwork
from theory.expressions import ModelError, X
from theory.free_energy import FreeEnergy, replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

G, GAMMA, TEMPERATURES = (0.4, 1.6), (-0.5, 0.9), (1e-1, 1e-2, 1e-4)
"""Ranges that contain the lines g (1 + gamma) = 1 and g^2 (1 + gamma) = 1."""
_ARRAY, _TURNS = 4096, 50
_NUMPY_NAMES = {"atan": "arctan", "asin": "arcsin", "acos": "arccos", "asinh": "arcsinh"}
_MOST_POINTS = 1024  # so that their results stay in cache as well


@dataclass(frozen=True)
class SolverSpeed:
    """Times of solving one diagram, of its kernel, and of the functions that bound both.

    Parameters
    ----------
    points, converged : int
        Of the diagram.
    threads : int
    wall, processor : float
        Seconds that the diagram took; processor seconds are summed over threads.
    largest_error : float
        Largest relative error estimate of a converged point.
    evaluations, nodes : int
        Evaluations of the functional with its Newton matrix, summed over points, and quadrature
        nodes, summed over evaluations.
    functions : dict of str to float
        Elementary functions at every node, and seconds that NumPy takes for one value.
    kernel_nodes : float
        Nodes of an evaluation in the measurement of the kernel.
    kernel : float
        Processor seconds of one evaluation at the diagram's solutions, on one thread.
    """

    points: int
    converged: int
    threads: int
    wall: float
    processor: float
    largest_error: float
    evaluations: int
    nodes: int
    functions: dict[str, float]
    kernel_nodes: float
    kernel: float

    @property
    def rate(self) -> float:
        """Points per second."""
        return self.points / self.wall

    @property
    def node_limit(self) -> float:
        """Seconds that the elementary functions of one node take."""
        return sum(self.functions.values())

    @property
    def kernel_fraction(self) -> float:
        """Limit of one evaluation over its time."""
        return self.kernel_nodes * self.node_limit / self.kernel

    @property
    def solve_fraction(self) -> float:
        """Limit of all evaluations of the diagram over its processor time."""
        return self.nodes * self.node_limit / self.processor


def elementary_functions(free_energy: FreeEnergy) -> list[sp.Function]:
    """Elementary functions that an evaluation needs at every node, each as a function of x.

    Parameters
    ----------
    free_energy : FreeEnergy
        On a branch without Gaussian fields.

    Returns
    -------
    list of sympy.Function

    Examples
    --------
    >>> elementary_functions(replica_symmetric(RandomNetwork()).symmetric)
    [exp(x), tanh(x)]
    >>> network = RandomNetwork(gain="1 + tanh(x)**2", transfer="atan(x)")
    >>> elementary_functions(replica_symmetric(network).symmetric)
    [atan(x), exp(x), log(x), tanh(x)]
    """
    found = written_out(free_energy.exponent).atoms(sp.Function)
    cheap = (sp.Abs, sp.Max, sp.Min, sp.sign, sp.Heaviside, sp.Piecewise)
    kinds = {n.func for n in found if X in n.free_symbols and not isinstance(n, cheap)}
    return sorted((kind(X) for kind in kinds | {sp.exp}), key=str)


def measure_solver(
    network: RandomNetwork | None = None,
    *,
    points: int = 200,
    threads: int = 2,
    repetitions: int = 100,
) -> SolverSpeed:
    """Time a (g, gamma) diagram at three temperatures and its kernel beside the limit of both.

    Parameters
    ----------
    network : RandomNetwork, optional
        By default the rate network with tanh. It must have a branch without Gaussian fields.
    points : int
        Values of g and of gamma.
    threads : int
        For the diagram; the kernel and the functions are measured on one.
    repetitions : int
        Of the measurement of the kernel and the functions, alternating; the shortest counts.

    Returns
    -------
    SolverSpeed

    Raises
    ------
    ModelError
        If every branch of the network has Gaussian fields.

    Examples
    --------
    >>> speed = measure_solver(points=5, threads=1, repetitions=2)
    >>> speed.points, speed.converged, sorted(speed.functions), speed.largest_error < 1e-10
    (75, 75, ['exp', 'tanh'], True)
    """
    free_energy = replica_symmetric(network or RandomNetwork())
    reduced = replace(free_energy, reduced=True)
    kernel = functional_kernel(reduced)
    if kernel.fields:
        msg = f"{free_energy.network} has no branch without Gaussian fields; nodes vary there"
        raise ModelError(msg)
    axes = (np.linspace(*G, points), np.linspace(*GAMMA, points), np.array(TEMPERATURES))
    solve(free_energy, 1.0, 0.1, 0.1)  # loads or compiles
    with counting() as work:
        wall, processor = time.perf_counter(), time.process_time()
        phases = solve(free_energy, *axes, threads=threads)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    evaluation, nodes = _evaluation(kernel, free_energy, phases)
    functions = elementary_functions(reduced)
    calls = {str(function.func): _on_array(function) for function in functions}
    shortest = _shortest({"": evaluation, **calls}, repetitions)
    return SolverSpeed(
        points=phases.converged.size,
        converged=int(phases.converged.sum()),
        threads=threads,
        wall=wall,
        processor=processor,
        largest_error=float(phases.quadrature_error.max()),
        evaluations=work.evaluations,
        nodes=work.nodes,
        functions={name: shortest[name] / (_TURNS * _ARRAY) for name in calls},
        kernel_nodes=nodes.mean(),
        kernel=shortest[""] / len(nodes),
    )


def _evaluation(
    kernel: FunctionalKernel, free_energy: FreeEnergy, phases: xr.Dataset
) -> tuple[Callable[[], object], np.ndarray]:
    """Prepare an evaluation at solutions spread over the diagram, and count the nodes of each."""
    solved = phases.stack(point=["g", "gamma", "temperature"])
    solved = solved.isel(point=np.flatnonzero(solved.converged.values))
    solved = solved.isel(point=slice(None, None, -(-solved.sizes["point"] // _MOST_POINTS)))
    theta = np.stack([solved[name].values for name in kernel.order_parameters], axis=1)
    model = [float(value) for value in free_energy.network.values.values()]
    given = [solved[name].values for name in ("g", "gamma", "temperature")]
    parameters = np.column_stack([*given, np.tile(model, (len(theta), 1))])
    rule = Quadrature.around(kernel, theta, parameters)
    return lambda: evaluate(kernel, theta, parameters, rule), rule.nodes(fields=0)


def _on_array(function: sp.Function) -> Callable[[], object]:
    """Make a call of NumPy's (or SciPy's) function for an array in cache.

    It holds numbers between 0 and 1, where all functions are defined.
    """
    values = np.random.default_rng(0).uniform(size=_ARRAY)
    name = str(function.func)
    call = getattr(np, _NUMPY_NAMES.get(name, name), None) or getattr(scipy.special, name)
    result = np.empty(_ARRAY)

    def repeated() -> None:
        for _ in range(_TURNS):  # one is too short to be timed
            call(values, out=result)

    return repeated


def _shortest(calls: dict[str, Callable[[], object]], repetitions: int) -> dict[str, float]:
    """Shortest processor time of each call; they alternate, so that the machine is the same."""
    shortest = dict.fromkeys(calls, np.inf)
    for _ in range(repetitions):
        for name, call in calls.items():
            start = time.process_time()
            call()
            shortest[name] = min(shortest[name], time.process_time() - start)
    return shortest
