"""The benchmarks report: speed in ratios to plain baselines and to the machine's own products."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from numerics.provenance import provenance
from reports import page
from reports.benchmark_dynamics_section import dynamics_section
from reports.benchmark_fixed_points_section import fixed_points_section
from reports.benchmark_gradient_section import gradient_section
from reports.benchmark_samplers_section import samplers_section
from reports.benchmark_solver_section import solver_section
from reports.benchmark_start_section import start_section
from reports.benchmark_sweep_section import sweep_section
from reports.benchmark_two_time_section import two_time_section
from reports.machine import machine
from reports.provenance import provenance_table
from reports.sections import Section, write_sections
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from theory.ensembles import RandomNetwork

    Progress = Callable[[str], Callable[[int, int], None]]


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Parameters
    ----------
    repetitions : int
        Of every measurement.
    points : tuple of int
        Points of the sweeps of models without Gaussian fields, with two, and with three.
    sweeps : tuple of int
        Points of the sweeps whose growth is measured.
    samples : tuple of int
        Of the Monte Carlo integrals.
    diagram : int
        Values of g and of gamma of the diagram that is solved beside the machine's limit.
    draws : int
        Monte Carlo solutions from which their error is found.
    gradient_sizes, step_sizes, dynamics_sizes : tuple of int
        Units of the networks whose gradients, leapfrog steps and trajectories are timed.
    sampled_size, sampled_draws : int
        Of the comparison of samplers.
    duration : float
        Of the trajectories with noise.
    trajectories, steps : tuple of int
        Of the two-time solver.
    simulated_size, simulated_networks : int
        Of the networks that it is compared with.
    searched_sizes : tuple of int
        Units of the networks in which fixed points are searched.
    searches : int
        From as many starts.
    swept : int
        Points of a chunk of the sweep.
    starts : int
        Repetitions of the starts with an empty cache.
    programs : bool
        Whether whole programs are timed too.
    """

    repetitions: int
    points: tuple[int, int, int]
    sweeps: tuple[int, ...]
    samples: tuple[int, ...]
    diagram: int
    draws: int
    gradient_sizes: tuple[int, ...]
    step_sizes: tuple[int, ...]
    dynamics_sizes: tuple[int, ...]
    sampled_size: int
    sampled_draws: int
    duration: float
    trajectories: tuple[int, ...]
    steps: tuple[int, ...]
    simulated_size: int
    simulated_networks: int
    searched_sizes: tuple[int, ...]
    searches: int
    swept: int
    starts: int
    programs: bool


FULL = Effort(
    repetitions=5,
    points=(5001, 51, 5),
    sweeps=(1024, 4096, 16384, 65536),
    samples=(1000, 4000, 16000, 64000, 256000),
    diagram=200,
    draws=12,
    gradient_sizes=(250, 500, 1000, 2000, 4000),
    step_sizes=(250, 500, 1000, 2000),
    dynamics_sizes=(20, 40, 60, 80, 100),
    sampled_size=250,
    sampled_draws=200,
    duration=400.0,
    trajectories=(5_000, 10_000, 20_000, 40_000),
    steps=(40, 80, 160),
    simulated_size=500,
    simulated_networks=8,
    searched_sizes=(50, 100, 200, 400),
    searches=12,
    swept=10_000,
    starts=3,
    programs=True,
)
QUICK = Effort(
    repetitions=3,
    points=(501, 9, 1),
    sweeps=(1024, 4096, 16384),
    samples=(1000, 4000, 16000),
    diagram=20,
    draws=12,
    gradient_sizes=(250, 500, 1000),
    step_sizes=(250, 500, 1000),
    dynamics_sizes=(20, 35, 50),
    sampled_size=100,
    sampled_draws=100,
    duration=100.0,
    trajectories=(3_000, 6_000, 12_000),
    steps=(25, 50, 100),
    simulated_size=200,
    simulated_networks=4,
    searched_sizes=(25, 50, 100),
    searches=4,
    swept=1_000,
    starts=1,
    programs=False,
)


def make_report(
    network: RandomNetwork,
    directory: Path,
    *,
    effort: Effort = FULL,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[str]:
    """Measure, draw and write the whole report, on one thread.

    Parameters
    ----------
    network : RandomNetwork
    directory : pathlib.Path
        Exists; gets netCDF files, figures and ``index.html``.
    effort : Effort
    seed : int
        Of networks, samples and noise.
    progress : callable, optional
        Takes the name of a task, gives a function of parts done and their total.

    Returns
    -------
    list of str
        What did not hold, one line each.
    """
    e = effort
    run: dict[str, Any] = {"repetitions": e.repetitions, "seed": seed}
    studies: list[Callable[[], Section]] = [
        partial(
            solver_section, network, points=e.points, sweeps=e.sweeps, samples=e.samples,
            draws=e.draws, diagram=e.diagram, **run,
        ),
        partial(gradient_section, network, sizes=e.gradient_sizes, **run),
        partial(
            samplers_section, network, sizes=e.step_sizes, size=e.sampled_size,
            draws=e.sampled_draws, **run,
        ),
        partial(
            dynamics_section, network, sizes=e.dynamics_sizes, duration=e.duration, **run
        ),
        partial(
            two_time_section, network, trajectories=e.trajectories, steps=e.steps,
            size=e.simulated_size, networks=e.simulated_networks, **run,
        ),
        partial(
            fixed_points_section, network, sizes=e.searched_sizes, repetitions=e.searches,
            seed=seed,
        ),
        partial(sweep_section, network, points=e.swept, repetitions=e.repetitions),
        partial(
            start_section, network, repetitions=e.starts, programs=e.programs, seed=seed
        ),
    ]  # fmt: skip
    shown = progress("benchmarks") if progress else None
    with threadpool_limits(1):
        record = json.loads(provenance(replica_symmetric(network), seed=seed, **asdict(effort)))
        table = provenance_table(json.dumps({"machine": machine()} | record))
        sections: list[Callable[[], Section]] = [
            partial(_method, e.repetitions),
            *studies,
            lambda: Section("provenance", "Provenance", table),
        ]
        return write_sections("Benchmarks", directory, sections, shown)


def _method(repetitions: int) -> Section:
    lines = [
        f"Every number is the median of {repetitions} repetitions, fewer for whole processes,"
        " with quartiles in brackets, after one call that compiles and fills caches. Calls that are"
        " compared are made in turn, and ratios are formed repetition by repetition, so that a"
        " change of the machine's speed cancels.",
        "Everything runs on one thread. Times are wall times of the machine under Provenance, and"
        " those of another one differ; ratios differ less.",
        "Powers are fitted to the medians by least squares of the logarithms; their errors contain"
        " what is not a power, such as a constant cost of every call.",
    ]
    return Section("method", "How this was measured", page.items(lines))
