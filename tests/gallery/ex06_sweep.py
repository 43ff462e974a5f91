"""Sweep a plane of parameters into a store, stop in the middle, and go on.

Started as ``python ex06_sweep.py tcp://scheduler:8786``, the same script hands its chunks to the
workers of a Dask cluster; on a batch system, ``dask_jobqueue.SLURMCluster(...)`` makes one. This
process writes the store, so only it needs the disk.
"""

import sys

import numpy as np
import xarray as xr

from numerics import SolvingTask, sweep
from theory import RandomNetwork

task = SolvingTask(
    RandomNetwork(transfer="tanh(x)"),
    g=np.linspace(0.6, 1.4, 41),
    gamma=[0.0, 0.5],
    temperature=0.1,
    field_std=[0.0, 0.2],
)
chunks = {"g": 21, "gamma": 1}


def stop(done, total):
    """Interrupt as Ctrl-C does, or a machine that goes down."""
    print(f"{done} of {total} points")
    if done > total / 3:
        raise KeyboardInterrupt


if __name__ == "__main__":
    client = None
    if len(sys.argv) > 1 and sys.argv[1].startswith("tcp://"):
        from distributed import Client

        client = Client(sys.argv[1])
    try:
        sweep(task, "phases.zarr", chunks=chunks, client=client, progress=stop)
    except KeyboardInterrupt:
        with xr.open_zarr("phases.zarr") as partial:
            print(f"in the store: {int((partial.status == 1).sum())} points")
    # the same again: what is there is not computed twice
    phases = sweep(task, "phases.zarr", chunks=chunks, client=client)
    assert phases.converged.all()
    # fields turn units on, where couplings are weak most of all
    q = phases.q.sel(gamma=0.0).squeeze(drop=True)
    print(q.sel(g=[0.6, 1.4]).to_pandas())
    added = q.sel(field_std=0.2) - q.sel(field_std=0.0)
    assert added.sel(g=0.6) > added.sel(g=1.4) > 0
