"""Sweeps on the workers of a local Dask cluster: the same bits, dying workers, other versions."""

from __future__ import annotations

from pathlib import Path

import dask
import numpy as np
import pytest
from distributed import Client, LocalCluster
from sweep_examples import BLOCKS, CHUNKS, Example
from test_sweep import files

from numerics import SolvingTask, sweep
from theory import RandomNetwork

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def client():
    # a worker that dies twice over the same chunk is not given it again
    settings = {"distributed.scheduler.allowed-failures": 1}
    preload = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})"
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, preload=[preload]
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def whole(tmp_path):
    (tmp_path / "whole").mkdir()
    sweep(Example(str(tmp_path / "whole")), tmp_path / "whole.zarr", chunks=CHUNKS)
    return files(tmp_path / "whole.zarr")


def test_same_bits_as_threads_and_gone_on_with_by_them(client, tmp_path, whole):
    task, path, seen = Example(str(tmp_path)), tmp_path / "store.zarr", []
    sweep(task, path, chunks=CHUNKS, client=client, progress=lambda *done: seen.append(done))
    assert files(path) == whole
    assert len(task.computed) == BLOCKS
    assert seen[-1] == (36, 36)
    for mark in path.glob("status/c.2.*"):
        mark.unlink()
    sweep(task, path, chunks=CHUNKS)
    assert len(task.computed) == BLOCKS + 2
    assert files(path) == whole


def test_solving_on_workers_has_the_same_bits(client, tmp_path):
    task = SolvingTask(RandomNetwork(), np.linspace(0.8, 1.2, 6), [0.0, 0.5], 0.1)
    sweep(task, tmp_path / "threads.zarr", chunks={"g": 3})
    sweep(task, tmp_path / "workers.zarr", chunks={"g": 3}, client=client)
    assert files(tmp_path / "workers.zarr") == files(tmp_path / "threads.zarr")


def test_worker_that_dies_is_replaced(client, tmp_path, whole):
    task, path = Example(str(tmp_path)), tmp_path / "store.zarr"
    (tmp_path / "deadly").touch()
    sweep(task, path, chunks=CHUNKS, client=client)
    assert (tmp_path / "was deadly").exists()
    assert files(path) == whole


@pytest.mark.slow
def test_chunk_that_kills_every_worker_is_recorded(client, tmp_path, whole):
    task, path = Example(str(tmp_path)), tmp_path / "store.zarr"
    (tmp_path / "always deadly").touch()
    (tmp_path / "bad").touch()
    found = sweep(task, path, chunks=CHUNKS, client=client)
    assert all("KilledWorker" in reason for reason in found.reason.sel(g=4).values)
    assert (found.status.sel(g=4) == 2).all()
    # Dask blames all that waited at a worker that died, so that others can have failed with it
    assert (found.status != 0).all()
    assert (found.status == 1).any()
    for name in ("always deadly", "bad"):
        (tmp_path / name).unlink()
    sweep(task, path, chunks=CHUNKS, client=client)
    assert files(path) == whole


def test_worker_unlike_the_others_is_refused(client, tmp_path, monkeypatch):
    def other():
        import importlib  # noqa: PLC0415

        module = importlib.import_module("numerics.sweep")
        real = module.fingerprint()
        module.fingerprint = lambda: real | {"processor": "another"}

    def as_before():
        import importlib  # noqa: PLC0415

        from numerics.fingerprint import fingerprint  # noqa: PLC0415

        importlib.import_module("numerics.sweep").fingerprint = fingerprint

    task, path = Example(str(tmp_path)), tmp_path / "store.zarr"
    sweep(task, path, chunks=CHUNKS, client=client)
    (path / "status/c.0.0").unlink()
    try:
        client.run(other)
        found = sweep(task, path, chunks=CHUNKS, client=client)
    finally:
        client.run(as_before)
    reason = found.reason.sel(g=0, gamma=0).item()
    assert "not like the one that was asked first: processor" in reason
    assert int((found.status == 2).sum()) == 6


def test_scheduler_that_is_lost(tmp_path):
    from concurrent.futures import Future  # noqa: PLC0415

    from numerics.sweep import _keep  # noqa: PLC0415
    from theory.expressions import ModelError  # noqa: PLC0415

    future = Future()
    future.cancel()
    with pytest.raises(ModelError, match="scheduler was lost"):
        _keep(None, (), future)
