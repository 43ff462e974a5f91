"""Results on disk: found again exactly, never believed when damaged, private."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from theory.codegen import cache
from theory.expressions import ModelError
from validation import checkpoint as module
from validation.checkpoint import Checkpoint

SETTINGS = {"g": 1.2, "sizes": np.array([250, 500]), "seed": 0, "model": {"transfer": "tanh(x)"}}


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("RESTPOINT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def results():
    random = np.random.default_rng(0)
    return {
        "q": random.normal(size=(3, 5)),
        "file": np.array(np.nan),  # names that NumPy uses itself
        "allow_pickle": np.arange(4, dtype=np.int32),
        "empty": np.zeros((0, 2)),
    }


def assert_same(found, expected):
    assert found is not None
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_results_are_found_again_bit_for_bit(results):
    returned = Checkpoint(SETTINGS).put("size 250, network 3", results)
    assert_same(returned, results)
    assert_same(Checkpoint(SETTINGS).get("size 250, network 3"), results)
    assert Checkpoint(SETTINGS).get("size 250, network 4") is None


def test_returned_arrays_have_the_memory_layout_of_stored_ones():
    array = np.arange(24.0).reshape(2, 3, 4).transpose(1, 2, 0)
    checkpoint = Checkpoint(SETTINGS)
    returned, found = checkpoint.put("one", {"x": array})["x"], checkpoint.get("one")["x"]
    assert returned.strides == found.strides
    np.testing.assert_array_equal(found, array)


def test_other_settings_are_another_run(results):
    Checkpoint(SETTINGS).put("one", results)
    for change in ({"g": 1.2000000000000002}, {"seed": 1}, {"sizes": [250, 501]}, {"more": None}):
        assert Checkpoint({**SETTINGS, **change}).get("one") is None
    assert Checkpoint({**SETTINGS, "sizes": [250, 500]}).get("one") is not None


@pytest.mark.parametrize("position", range(6))
def test_other_versions_are_another_run(results, monkeypatch, position):
    Checkpoint(SETTINGS).put("one", results)
    versions = list(module._versions())
    versions[position] = "other"
    monkeypatch.setattr(module, "_versions", lambda: versions)
    assert Checkpoint(SETTINGS).get("one") is None


def test_settings_that_cannot_be_compared():
    with pytest.raises(ModelError, match="settings contain"):
        Checkpoint({"function": print})


def test_python_objects_are_refused():
    with pytest.raises(ModelError, match="Python objects"):
        Checkpoint(SETTINGS).put("one", {"x": np.array([None])})


def only_file(checkpoint):
    (path,) = checkpoint.path.iterdir()
    return path


def test_truncated_files_are_absent(results):
    checkpoint = Checkpoint(SETTINGS)
    checkpoint.put("one", results)
    path = only_file(checkpoint)
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        assert checkpoint.get("one") is None
    assert_same(checkpoint.put("one", results), results)
    assert_same(checkpoint.get("one"), results)


def test_damaged_files_are_absent(results):
    checkpoint = Checkpoint(SETTINGS)
    checkpoint.put("one", results)
    path = only_file(checkpoint)
    content = path.read_bytes()
    for position in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[position] ^= 16
        path.write_bytes(damaged)
        assert checkpoint.get("one") is None


def test_foreign_files_are_absent(results):
    checkpoint = Checkpoint(SETTINGS)
    checkpoint.put("one", results)
    content = only_file(checkpoint).read_bytes()
    checkpoint._file("two").write_bytes(content)
    assert checkpoint.get("two") is None
    np.savez(checkpoint._file("three"), q=np.zeros(3))
    assert checkpoint.get("three") is None
    np.savez(checkpoint._file("four"), q=np.array([None]))
    assert checkpoint.get("four") is None
    checkpoint._file("five").mkdir()
    assert checkpoint.get("five") is None


def test_files_are_for_the_user_alone(results, directory):
    before = os.umask(0)
    try:
        checkpoint = Checkpoint(SETTINGS)
        checkpoint.put("one", results)
    finally:
        os.umask(before)
    assert stat.S_IMODE(only_file(checkpoint).stat().st_mode) == 0o600
    for path in (checkpoint.path, directory / "networks", directory):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_directory_that_others_may_write_to(results):
    checkpoint = Checkpoint(SETTINGS)
    checkpoint.path.chmod(0o777)
    with pytest.raises(ModelError, match="other users"):
        Checkpoint(SETTINGS)


def test_chosen_directory(tmp_path, results):
    checkpoint = Checkpoint(SETTINGS, tmp_path / "deep" / "results")
    checkpoint.put("one", results)
    assert checkpoint.path.parent == tmp_path / "deep" / "results"
    assert Checkpoint(SETTINGS).get("one") is None


def test_path_that_cannot_be_a_directory(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="cannot keep results"):
        Checkpoint(SETTINGS, tmp_path / "file")


def test_full_disk(results):
    checkpoint = Checkpoint(SETTINGS)
    checkpoint.put("one", results)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(ModelError, match=r"cannot keep results .* are kept"):
            checkpoint.put("two", {"x": np.zeros(10_000)})
        with pytest.raises(ModelError, match="cannot keep results"):
            checkpoint.put("one", {"x": np.zeros(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    only_file(checkpoint)  # nothing half-written stays
    assert_same(checkpoint.get("one"), results)


@pytest.mark.skipif(os.getuid() == 0, reason="the administrator may write everywhere")
def test_read_only_directory(results):
    checkpoint = Checkpoint(SETTINGS)
    checkpoint.put("one", results)
    checkpoint.path.chmod(0o500)
    try:
        with pytest.raises(ModelError, match="cannot keep results"):
            checkpoint.put("two", results)
        assert_same(checkpoint.get("one"), results)
    finally:
        checkpoint.path.chmod(0o700)


def test_read_only_disk(results, monkeypatch):
    checkpoint = Checkpoint(SETTINGS)
    checkpoint.put("one", results)

    def refuse(**_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(module.tempfile, "mkstemp", refuse)
    with pytest.raises(ModelError, match="read-only file system"):
        checkpoint.put("two", results)
    assert_same(checkpoint.get("one"), results)


def test_interrupted_writing_loses_only_that_result(results, monkeypatch):
    checkpoint = Checkpoint(SETTINGS)
    checkpoint.put("one", results)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.put("two", results)
    monkeypatch.undo()
    assert checkpoint.get("two") is None
    assert_same(checkpoint.get("one"), results)


def simulate(directory, pause=None):
    """Go through four networks; returns which had to be made, and a number that sees every bit."""
    checkpoint, made, total = Checkpoint({"seed": 0}, directory), [], 0.0
    for network in range(4):
        name = f"network {network}"
        if (result := checkpoint.get(name)) is None:
            if network == pause:
                print("ready", flush=True)
                sys.stdin.read()
            draws = np.random.default_rng([0, network]).normal(size=(50, 40))
            result = checkpoint.put(name, {"x": draws[::3].T})
            made.append(network)
        total += result["x"].sum() / 3
    return made, float(total).hex()


def start(directory, pause=None):
    program = (
        "import sys; from pathlib import Path; from test_checkpoint import simulate;"
        f"print(simulate(Path(sys.argv[1]), {pause})[1])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", program, str(directory)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)


def test_killed_run_goes_on_with_the_same_result(tmp_path):
    made, whole = simulate(tmp_path / "whole")
    assert made == [0, 1, 2, 3]
    with start(tmp_path / "killed", pause=2) as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()
    assert simulate(tmp_path / "killed") == ([2, 3], whole)


def test_two_processes_at_once(tmp_path):
    _, whole = simulate(tmp_path / "whole")
    processes = [start(tmp_path / "shared") for _ in range(2)]
    for process in processes:
        assert process.communicate()[0].split() == [whole]
    assert simulate(tmp_path / "shared") == ([], whole)


def test_clear_removes_its_own_files_only(results, directory):
    checkpoint, other = Checkpoint(SETTINGS), Checkpoint({**SETTINGS, "seed": 1})
    checkpoint.put("one", results)
    other.put("one", results)
    (checkpoint.path / ".abandoned.partial").touch()
    (checkpoint.path / "notes.txt").touch()
    checkpoint.clear()
    assert [path.name for path in checkpoint.path.iterdir()] == ["notes.txt"]
    assert_same(other.get("one"), results)
    other.clear()
    assert not other.path.exists()
    other.clear()


def test_going_on_after_another_process_cleared(results):
    checkpoint = Checkpoint(SETTINGS)
    Checkpoint(SETTINGS).clear()
    assert checkpoint.get("one") is None
    assert_same(checkpoint.put("one", results), results)
    assert_same(checkpoint.get("one"), results)


def test_abandoned_runs_are_removed(results, directory):
    old, recent = Checkpoint({"seed": 1}), Checkpoint({"seed": 2})
    for checkpoint in (old, recent):
        checkpoint.put("one", results)
    foreign = directory / "networks" / "foreign"
    foreign.mkdir()
    long_ago = time.time() - 31 * 24 * 3600
    for path in (old.path, foreign):
        os.utime(path, (long_ago, long_ago))
    Checkpoint({"seed": 3})
    assert not old.path.exists()
    assert foreign.is_dir()
    assert_same(recent.get("one"), results)


def test_old_run_that_is_taken_up_again_stays(results):
    checkpoint = Checkpoint(SETTINGS)
    checkpoint.put("one", results)
    os.utime(checkpoint.path, (0, 0))
    assert_same(Checkpoint(SETTINGS).get("one"), results)
    assert checkpoint.path.stat().st_mtime > time.time() - 60


def test_cache_of_modules_ignores_checkpoints(results, monkeypatch):
    checkpoint = Checkpoint(SETTINGS)
    checkpoint.put("one", results)
    monkeypatch.setattr(cache, "LARGEST_NUMBER", 1)
    for number in range(3):
        cache.load(str(number), lambda: (f"x = {number}\n", {}), lambda *_: None)  # noqa: B023
    assert_same(checkpoint.get("one"), results)
    assert cache.clear_cache() == 2
    assert_same(checkpoint.get("one"), results)
