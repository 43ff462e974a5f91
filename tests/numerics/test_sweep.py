"""Sweeps: closed forms, killed processes, failures, other settings, full disks."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import sweep_examples
import xarray as xr
from sweep_examples import BLOCKS, CHUNKS, GAMMA, Example, G

from numerics import SolvingTask, solve, sweep
from numerics import fingerprint as fingerprint_module
from numerics.memory import available_memory, check_memory
from numerics.sweep_layout import Layout
from numerics.sweep_store import open_store
from numerics.sweep_task import chunk_lengths
from theory import RandomNetwork, replica_symmetric
from theory.expressions import ModelError


def files(path):
    """All files of a store but the lock, byte for byte."""
    found = (file for file in Path(path).rglob("*") if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(path)): file.read_bytes() for file in found}


@pytest.fixture
def task(tmp_path):
    return Example(str(tmp_path))


@pytest.fixture
def whole(tmp_path_factory):
    """Files of an uninterrupted run."""
    directory = tmp_path_factory.mktemp("whole")
    sweep(Example(str(directory)), directory / "store.zarr", chunks=CHUNKS)
    return files(directory / "store.zarr")


def test_values_and_labels(task, tmp_path):
    seen = []
    sweep(task, tmp_path / "store.zarr", chunks=CHUNKS, progress=lambda *done: seen.append(done))
    with xr.open_zarr(tmp_path / "store.zarr") as found:
        np.testing.assert_array_equal(found.a, np.sin(G[:, None] + GAMMA))
        np.testing.assert_array_equal(found.b.sel(axis="gamma"), np.tile(GAMMA, (12, 1)))
        assert set(found.together.values.ravel()) == {6.0, 3.0}
        assert found.converged.dtype == bool
        assert set(found.reason.sel(g=7).values) == {"g is 7"}
        assert (found.status == 1).all()
        for variable in found.variables.values():
            assert {"long_name", "units"} <= variable.attrs.keys()
        assert found.attrs.keys() == {"format_version", "provenance"}
        assert json.loads(found.provenance)["chunks"] == CHUNKS
    assert len(task.computed) == BLOCKS
    assert seen[0] == (0, 36)
    assert seen[-1] == (36, 36)
    assert np.all(np.diff([done for done, _ in seen]) > 0)


def test_threads_change_no_bit(tmp_path, whole):
    for threads in (2, 5):
        path = tmp_path / f"{threads}.zarr"
        sweep(Example(str(tmp_path)), path, chunks=CHUNKS, threads=threads)
        assert files(path) == whole


def start(directory, pause=0.15, threads=2):
    command = [sys.executable, sweep_examples.__file__, directory, pause, threads]
    return subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE, text=True)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.005)


@pytest.mark.parametrize("marks", [1, 5])
def test_killed_process_is_gone_on_with(task, tmp_path, whole, marks):
    path = tmp_path / "store.zarr"
    with start(tmp_path) as process:
        wait_for(lambda: len(list(path.glob("status/c.*"))) >= marks)
        process.kill()
    finished = {file.name for file in path.glob("status/c.*")}
    before = len(task.computed)
    assert marks <= len(finished) < BLOCKS
    sweep(task, path, chunks=CHUNKS, threads=2)
    again = task.computed[before:]
    assert len(again) == BLOCKS - len(finished)  # no finished chunk twice, none lost
    for first in again:
        g, gamma = (float(value) for value in first.split())
        assert f"c.{int(g // 3)}.{int(gamma // 0.5)}" not in finished
    assert files(path) == whole
    sweep(task, path, chunks=CHUNKS)
    assert len(task.computed) == before + len(again)


def test_chunk_without_its_mark_is_computed_again(task, tmp_path, whole):
    # a process killed between a chunk and its mark, or while it wrote a file
    path = tmp_path / "store.zarr"
    sweep(task, path, chunks=CHUNKS)
    (path / "status/c.1.1").unlink()
    (path / "a/c.1.1").write_bytes(b"half")
    (path / "b/.c.1.1.0123.partial").write_bytes(b"half")
    sweep(task, path, chunks=CHUNKS)
    assert task.computed[BLOCKS:] == ["3 0.5"]
    assert files(path) == whole


def test_second_process_is_refused_and_an_interrupt_keeps_chunks_in_work(task, tmp_path, whole):
    path = tmp_path / "store.zarr"
    with start(tmp_path, pause=0.4) as process:
        wait_for(lambda: len(task.computed) >= 3)
        with pytest.raises(ModelError, match="being filled by another process"):
            sweep(task, path, chunks=CHUNKS)
        process.send_signal(signal.SIGINT)
        assert "chunks in work are finished first" in process.communicate()[1]
    before = len(task.computed)
    assert before < BLOCKS
    sweep(task, path, chunks=CHUNKS)
    assert len(task.computed) == BLOCKS  # what was in work was kept
    assert files(path) == whole


def test_failed_chunk_is_recorded_and_tried_again(task, tmp_path, whole):
    path = tmp_path / "store.zarr"
    (tmp_path / "bad").touch()
    found = sweep(task, path, chunks=CHUNKS, threads=2)
    part = found.sel(g=slice(3, 5))
    assert (part.status == 2).all()
    assert set(part.reason.values.ravel()) == {"ZeroDivisionError: g was 4"}
    assert part.a.isnull().all()
    assert not part.converged.any()
    rest = found.drop_sel(g=[3, 4, 5])
    assert (rest.status == 1).all()
    assert rest.a.notnull().all()
    (tmp_path / "bad").unlink()
    sweep(task, path, chunks=CHUNKS)
    assert task.computed[BLOCKS:] == ["3 0", "3 0.5"]
    assert files(path) == whole


def test_all_fails_and_what_was_there_before_is_gone(task, tmp_path):
    path = tmp_path / "store.zarr"
    sweep(task, path, chunks=CHUNKS)
    for mark in path.glob("status/c.1.*"):
        mark.unlink()
    (tmp_path / "bad").touch()
    found = sweep(task, path, chunks=CHUNKS)
    assert found.a.sel(g=4).isnull().all()


OTHERS = {
    "setting": ({"setting": "two"}, CHUNKS, "setting .one there, two here"),
    "axis": ({"g": G + 1e-15}, CHUNKS, "g .12 values from 0.0 to 11.0 there, .* 1e-15"),
    "shorter axis": ({"gamma": [0.0, 0.25]}, CHUNKS, "gamma .3 values"),
    "chunks": ({}, {"g": 4, "gamma": 2}, "chunks g .3 there, 4 here"),
}


@pytest.mark.parametrize(("change", "chunks", "why"), OTHERS.values(), ids=OTHERS)
def test_other_settings_are_refused(task, tmp_path, whole, change, chunks, why):
    path = tmp_path / "store.zarr"
    sweep(task, path, chunks=CHUNKS)
    with pytest.raises(ModelError, match=f"made with other settings: .*{why}"):
        sweep(Example(str(tmp_path), **change), path, chunks=chunks)
    assert files(path) == whole


def test_other_versions_are_refused(task, tmp_path, monkeypatch):
    path = tmp_path / "store.zarr"
    sweep(task, path, chunks=CHUNKS)
    other = fingerprint_module.fingerprint() | {"numpy": "1.0"}
    monkeypatch.setattr(sys.modules["numerics.sweep"], "fingerprint", lambda: other)
    with pytest.raises(ModelError, match=r"versions numpy .* there, 1.0 here"):
        sweep(task, path, chunks=CHUNKS)


def test_other_format_is_refused(task, tmp_path, monkeypatch):
    path = tmp_path / "store.zarr"
    sweep(task, path, chunks=CHUNKS)
    monkeypatch.setattr("numerics.sweep_store.FORMAT_VERSION", 3)
    with pytest.raises(ModelError, match="has format 2"):
        sweep(task, path, chunks=CHUNKS)


def test_what_is_no_store_is_left_alone(task, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "file").write_text("mine")
    for name in ("notes", "file"):
        with pytest.raises(ModelError, match="not the store of a sweep"):
            sweep(task, tmp_path / name)
    with pytest.raises(ModelError, match="does not exist"):
        sweep(task, tmp_path / "missing" / "store.zarr")
    assert not list((tmp_path / "notes").iterdir())
    assert (tmp_path / "file").read_text() == "mine"
    assert task.computed == []


def test_full_disk_leaves_a_store_that_resumes(tmp_path):
    g = np.linspace(0, 1, 3000)
    task = Example(str(tmp_path), g=g, gamma=[0.0])
    chunks = {"g": 1000}
    sweep(task, tmp_path / "whole.zarr", chunks=chunks)
    path = tmp_path / "store.zarr"
    layout = Layout(task, chunk_lengths(task.lengths, 1, chunks), fingerprint_module.fingerprint())
    with open_store(path, layout) as store:
        store.write(layout.blocks[1], layout.part(layout.blocks[1]).compute())
    before = len(task.computed)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(ModelError, match=r"cannot write .*: file too large; finished chunks"):
            sweep(task, path, chunks=chunks)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    tried = len(task.computed) - before
    sweep(task, path, chunks=chunks)
    assert len(task.computed) - before - tried == 2
    assert files(path) == files(tmp_path / "whole.zarr")


def read_only(path, names):
    """A read-only file system of that directory, in a namespace of its own; or None."""
    command = ["unshare", "-rm", "sh", "-c", f"mount -o bind,ro {path} {path} && exec {names}"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None


def test_read_only_disk(task, tmp_path, whole):
    program = f"{sys.executable} {sweep_examples.__file__} {tmp_path} 0 1"
    probe = read_only(tmp_path, "true")
    if probe is None or probe.returncode:
        pytest.skip("no namespaces here")
    path = tmp_path / "store.zarr"
    sweep(task, path, chunks=CHUNKS)
    (path / "status/c.1.1").unlink()
    done = read_only(tmp_path, program)
    assert f"ModelError: cannot write {path}: read-only file system" in done.stderr
    sweep(task, path, chunks=CHUNKS)
    assert files(path) == whole


def test_memory_is_estimated_before_anything_is_made(task, tmp_path):
    with pytest.raises(ModelError, match=r"needs about .* GB of memory, but .* are available"):
        check_memory(2 * available_memory(), "twice too much")
    many = np.arange(1e6)
    path = tmp_path / "store.zarr"
    with pytest.raises(ModelError, match=r"a sweep of 10{12} points needs about 1.6e\+04 GB"):
        sweep(Example(str(tmp_path), g=many, gamma=many), path)
    assert not path.exists()


def test_container_limits_are_respected(tmp_path, monkeypatch):
    (tmp_path / "max").write_text("5000\n")
    (tmp_path / "current").write_text("4000\n")
    pair = (str(tmp_path / "max"), str(tmp_path / "current"))
    monkeypatch.setattr("numerics.memory.CONTROL_GROUPS", [pair, ("/nowhere", "/nowhere")])
    assert available_memory() == 1000
    (tmp_path / "max").write_text("max\n")
    assert available_memory() > 1000


def test_chunks_cover_an_axis_evenly():
    for length in (1, 7, 100, 101, 1001):
        for together in (1, 10, 1000):
            found = chunk_lengths({"g": length, "temperature": 3}, together)
            assert found["g"] * found["temperature"] <= max(together, 1)
            pieces = -(-length // found["g"])
            assert pieces * found["g"] - length < pieces  # the last one lacks less than one each
    with pytest.raises(ModelError, match="no axis size"):
        chunk_lengths({"g": 3}, 1, {"size": 1})
    with pytest.raises(ModelError, match="at least 1, not 0"):
        chunk_lengths({"g": 3}, 1, {"g": 0})


def test_solving_in_chunks_is_solving(tmp_path):
    network = RandomNetwork(transfer="tanh(x)")
    axes = {"g": np.linspace(0.6, 1.4, 12), "gamma": [0.0, 0.5], "temperature": [0.3, 0.1]}
    task = SolvingTask(network, **axes, field_std=[0, 0.4])
    found = sweep(task, tmp_path / "store.zarr", chunks={"g": 6}, threads=2).load()
    assert list(found.sizes) == ["g", "gamma", "temperature", "mean", "field_std"]
    for field_std in (0, 0.4):
        model = RandomNetwork(transfer="tanh(x)", field_std=field_std)
        # in one go, and the first chunk alone: the same bits only of what is solved together
        expected = solve(replica_symmetric(model), **axes)
        part = found.sel(field_std=field_std, mean=0)
        for name in ("q", "Q", "free_energy"):
            np.testing.assert_allclose(part[name], expected[name], rtol=1e-9, atol=1e-12)
        first = solve(replica_symmetric(model), **{**axes, "g": axes["g"][:6]})
        for name in set(first.data_vars) - {"reason", "branch_name"}:
            np.testing.assert_array_equal(part[name][:6], first[name])
        assert set(part.branch_name.values.ravel()) == set(first.branch_name.values.ravel())


@pytest.mark.parametrize(
    "change",
    [{"g": -1}, {"gamma": 2}, {"temperature": -1}, {"field_std": -1}, {"mean": np.nan}, {"g": []}],
)
def test_parameters_out_of_range_are_refused(change):
    with pytest.raises(ModelError):
        SolvingTask(RandomNetwork(), **({"g": 1, "gamma": 0, "temperature": 0.1} | change))


def test_client_and_threads_contradict(task, tmp_path):
    with pytest.raises(ModelError, match="leave them at 1, not 3"):
        sweep(task, tmp_path / "store.zarr", threads=3, client=object())
    assert not list(tmp_path.iterdir())
