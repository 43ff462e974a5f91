"""Section on sweeps: what a store costs beside the solver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from reports import page
from reports.benchmark_sweep import sweep_overhead
from reports.sections import Section

if TYPE_CHECKING:
    from reports.benchmark_sweep import Seconds
    from theory.ensembles import RandomNetwork


def sweep_section(network: RandomNetwork, *, points: int, repetitions: int) -> Section:
    """Solve the same chunks alone and in a sweep.

    Parameters
    ----------
    network : RandomNetwork
    points : int
        Of a chunk.
    repetitions : int

    Returns
    -------
    Section
    """
    found = sweep_overhead(points, network=network, repetitions=repetitions)

    def rate(seconds: Seconds) -> str:
        return f"{found.points * found.chunks / seconds.wall:.4g}"

    lines = [
        f"{found.chunks} chunks of {found.points} points: {rate(found.solver)} points per second by"
        f" the solver alone, {rate(found.sweep)} into a Zarr store that goes on after any"
        f" interruption. The sweep takes {100 * found.share:+.1f} % more processor time, and"
        f" {100 * (found.sweep.wall / found.solver.wall - 1):+.1f} % more wall time. Its store"
        " is made once, which weighs more the fewer chunks there are."
    ]
    data = xr.Dataset(
        {
            name: (
                "timed", [getattr(kind, name) for kind in (found.solver, found.sweep)],
                {"long_name": f"{name} time of all chunks", "units": "s"},
            )
            for name in ("wall", "processor")
        },
        {
            "timed": (
                "timed", ["solver", "sweep"], {"long_name": "what was timed", "units": "1"},
            )
        },
        {"points": found.points, "chunks": found.chunks},
    )  # fmt: skip
    return Section("sweep", "Sweeps", page.items(lines), data={"sweep_overhead": data})
