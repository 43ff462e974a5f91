"""The command ``restpoint sweep``: killed and gone on with, failures in words, bad input."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr

from numerics import solve
from theory import RandomNetwork, replica_symmetric

POINT = ["--g", "0.9,1.1", "--gamma", "0.5", "--temperature", "0.1"]
GRID = ["--g", "0.8:1.2:12", "--gamma", "0.5", "--temperature", "0.1", "--chunk", "g=1"]


@pytest.fixture
def output(tmp_path):
    return tmp_path / "phases.zarr"


def files(path):
    found = (file for file in path.rglob("*") if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(path)): file.read_bytes() for file in found}


def test_solved_store(run, output):
    status, out, err = run("sweep", *POINT, "--mean", "0", "--output", output)
    assert (status, err) == (0, [])
    assert out.split() == f"{output}: 2 points, 2 converged".split()
    expected = solve(replica_symmetric(RandomNetwork()), [0.9, 1.1], 0.5, 0.1)
    with xr.open_zarr(output) as found:
        np.testing.assert_array_equal(found.q.squeeze(), expected.q.squeeze())


@pytest.mark.parametrize(
    "chunk", [["--chunk", "g=2,temperature=1"], ["--chunk", "g=2", "--chunk", "temperature=1"]]
)
def test_chunks_of_several_axes(run, output, chunk):
    grid = ["--g", "0.8:1.2:4", "--gamma", "0.5", "--temperature", "0.1,0.2"]
    assert run("sweep", *grid, *chunk, "--output", output)[0] == 0
    with xr.open_zarr(output) as found:
        assert found.q.transpose("g", "temperature", ...).squeeze().chunks == ((2, 2), (1, 1))


def test_simulated_store(run, output):
    size = ["--simulate", "--size", "10,20", "--networks", "2", "--seed", "3"]
    hot = ["--g", "0.5", "--gamma", "0", "--temperature", "1"]
    status, _, err = run("sweep", *hot, *size, "--output", output)
    with xr.open_zarr(output) as found:
        assert dict(found.value.squeeze().sizes) == {"size": 2, "network": 2, "quantity": 7}
        assert found.value.notnull().all()
        assert (status, len(err)) == ((0, 0) if found.converged.all() else (1, len(err)))


def begin(output):
    # tests that run in the background of a shell hand down that interrupts are ignored
    heard = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"import signal, sys; {heard}; from reports.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "sweep", *GRID, "--output", str(output)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_same_command_finishes_what_was_ended(run, output, tmp_path, sent):
    run("sweep", *GRID, "--output", tmp_path / "whole.zarr")
    with begin(output) as process:
        end = time.monotonic() + 60
        while len(list(output.glob("status/c.*"))) < 3:
            assert time.monotonic() < end
            time.sleep(0.002)
        process.send_signal(sent)
        errors = process.communicate()[1]
    if sent == signal.SIGINT and process.returncode != 0:
        assert process.returncode == 130
        assert f"finished chunks are kept in {output}" in errors
        assert "Traceback" not in errors
    ended = {path: path.stat().st_mtime_ns for path in output.glob("status/c.*")}
    status, out, _ = run("sweep", *GRID, "--output", output)
    assert (status, out.split()[-4:]) == (0, ["12", "points,", "12", "converged"])
    assert all(path.stat().st_mtime_ns == at for path, at in ended.items())
    assert files(output) == files(tmp_path / "whole.zarr")


def test_failures_are_said_with_their_reasons(run, output, monkeypatch):
    from numerics.solving_task import SolvingTask  # noqa: PLC0415

    real = SolvingTask.compute

    def sometimes(self, threads=1):
        if 1.1 in self.g:
            raise MemoryError("none left")
        return real(self, threads)

    monkeypatch.setattr(SolvingTask, "compute", sometimes)
    cold = ["--g", "0.5,1.1", "--gamma", "0", "--temperature", "0", "--chunk", "g=1"]
    status, out, err = run("sweep", *cold, "--output", output)
    assert status == 1
    assert "2 points, 0 converged, 1 of chunks that failed" in " ".join(out.split())
    assert len(err) == 2
    assert err[0].startswith("restpoint: failed at g = 1.1, gamma = 0, temperature = 0, mean = 0")
    assert err[0].endswith("MemoryError: none left")
    assert err[1].startswith("restpoint: did not converge at g = 0.5")
    assert "no solution at temperature 0" in err[1]


def test_another_model_is_refused(run, output):
    run("sweep", *POINT, "--output", output)
    before = files(output)
    status, out, err = run("sweep", *POINT, "--confinement", "0.1", "--output", output)
    assert (status, out, len(err)) == (2, "", 1)
    assert "model confinement (0 there, 0.1 here)" in err[0]
    assert files(output) == before


def test_a_wrong_scheduler_leaves_no_client_behind(run, tmp_path):
    distributed = pytest.importorskip("distributed")
    where = ["--scheduler", "nowhere", "--output", tmp_path / "store.zarr"]
    assert "missing port" in run("sweep", *POINT, *where)[2][0]
    with pytest.raises(ValueError, match="No clients"):
        distributed.default_client()


BAD = {
    "chunk in words": ["--chunk", "g=many"],
    "chunk of nothing": ["--chunk", "g"],
    "chunk of no axis": ["--chunk", "size=2"],
    "empty chunk": ["--chunk", "g=0"],
    "chunk given twice": ["--chunk", "g=2", "--chunk", "g=3"],
    "size without simulation": ["--size", "100"],
    "seed without simulation": ["--seed", "1"],
    "tolerance with simulation": ["--simulate", "--tolerance", "1e-8"],
    "negative fields": ["--field-std", "-0.5,0"],
    "means in words": ["--mean", "small"],
    "gamma beyond 1": ["--gamma", "0,2"],
    "temperature 0 simulated": ["--simulate", "--temperature", "0,1"],
    "no scheduler": ["--scheduler", "nowhere"],
    "threads of a scheduler": ["--scheduler", "tcp://127.0.0.1:1", "--threads", "2"],
    "too many points": ["--g", "0:1:100000", "--gamma", "0:1:1000000"],
    "too large networks": ["--simulate", "--size", "20000", "--threads", "1000"],
    "missing directory": ["--output", "missing/store.zarr"],
    "not a store": ["--output", "../notes.zarr"],
    "ending of another format": ["--output", "store.nc"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence_and_leaves_nothing(run, tmp_path, monkeypatch, arguments):
    (tmp_path / "notes.zarr").mkdir()
    (directory := tmp_path / "work").mkdir()
    monkeypatch.chdir(directory)
    status, out, err = run("sweep", *POINT, "--output", "store.zarr", *arguments)
    assert (status, out, len(err)) == (2, "", 1), err
    assert "Traceback" not in err[0]
    assert not [*directory.iterdir(), *(tmp_path / "notes.zarr").iterdir()]
