"""Directories of reports: whole or as they were, and cleared of what killed reports left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from reports.report_directory import LOCK, writing_directory
from reports.store import write_text
from theory.expressions import ModelError

ASKED = {"command": "restpoint report example", "model": {"gain": "1"}, "settings": {"seed": 0}}


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def write(path, asked=None, text="new", **options):
    with writing_directory(path, asked or ASKED, **options) as directory:
        write_text("data", directory / "data.nc")
        write_text(text, directory / "index.html")


def interrupt(path, error=KeyboardInterrupt):
    def half():
        with writing_directory(path, ASKED) as directory:
            write_text("finished", directory / "first.nc")
            (directory / ".second.nc.01234567.partial").write_text("half")
            raise error

    with pytest.raises(error):
        half()


def test_directory_appears_complete(tmp_path):
    with writing_directory(tmp_path / "report", ASKED) as directory:
        write_text("a", directory / "index.html")
        assert not (tmp_path / "report").exists()
    assert names(tmp_path) == ["report"]
    assert names(tmp_path / "report") == ["index.html", "report.json"]
    record = json.loads((tmp_path / "report" / "report.json").read_text())
    assert record == ASKED | {"files": ["index.html", "report.json"]}


def test_the_same_report_is_replaced_and_other_files_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    write(tmp_path, text="old")
    write(tmp_path)
    assert (tmp_path / "index.html").read_text() == "new"
    assert names(tmp_path) == ["data.nc", "index.html", "notes.txt", "report.json"]


@pytest.mark.parametrize("name", ["index.html", "data.nc", "mine.png"])
def test_files_of_the_user_are_kept(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(ModelError, match=f"example did not write {name} in it; .* --overwrite"):
        write(tmp_path)
    assert names(tmp_path) == [name]
    write(tmp_path, overwrite=True)
    assert (tmp_path / name).read_text() == (
        "new" if name == "index.html" else "data" if name == "data.nc" else "mine"
    )


def test_another_report_is_kept(tmp_path):
    write(tmp_path, text="old")
    other = ASKED | {"settings": {"seed": 1}}
    with pytest.raises(ModelError, match=r"another report: settings seed \(0 there, 1 here\)"):
        write(tmp_path, other)
    assert (tmp_path / "index.html").read_text() == "old"
    write(tmp_path, other, overwrite=True)
    write(tmp_path, other)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, ModelError])
def test_what_is_finished_is_kept(tmp_path, capsys, error):
    report = tmp_path / "report"
    interrupt(report, error)
    assert names(tmp_path) == ["report"]
    assert names(report) == ["first.nc", "report.json"]
    assert capsys.readouterr().err == f"restpoint: what is finished is kept in {report}\n"
    write(report)
    for _ in range(2):  # an older report stays, and the newest unfinished one is kept beside it
        interrupt(report, error)
        assert names(report / "unfinished") == ["first.nc", "report.json"]
    write(report)
    assert (report / "index.html").read_text() == "new"
    assert names(report) == ["data.nc", "first.nc", "index.html", "report.json", "unfinished"]


def test_nothing_finished_leaves_nothing(tmp_path, capsys):
    with pytest.raises(ModelError), writing_directory(tmp_path / "report", ASKED):
        raise ModelError("refused")
    assert not names(tmp_path)
    assert not capsys.readouterr().err


def test_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    for path in ("file", "missing/report", "file/report"):
        with (
            pytest.raises(ModelError, match="cannot write"),
            writing_directory(tmp_path / path, ASKED),
        ):
            pytest.fail("the block must not run")
    assert names(tmp_path) == ["file"]


BEGIN = """
import json, sys, time
from pathlib import Path
from reports.report_directory import writing_directory
with writing_directory(Path(sys.argv[1]), json.loads(sys.argv[2])) as directory:
    (directory / "first.nc").write_text("finished")
    print(directory, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def begun():
    """Begin with a report in another process: the process and its temporary directory."""
    processes = []

    def begin(path):
        process = subprocess.Popen(
            [sys.executable, "-c", BEGIN, str(path), json.dumps(ASKED)],
            stdout=subprocess.PIPE, text=True, env=dict(os.environ),
        )  # fmt: skip
        processes.append(process)
        return process, Path(process.stdout.readline().strip())

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("older", [False, True])
def test_what_killed_reports_left_is_removed(tmp_path, begun, older):
    report = tmp_path / "report"
    if older:
        write(report)
    process, left = begun(report)
    parent = left.parent
    assert parent == (report if older else tmp_path)
    # not ours: a file and directories of the user, and a directory of another report
    kept = [parent / "notes.partial", parent / ".report.0badcafe.partial", parent / ".x.partial"]
    for directory in kept:
        directory.mkdir()
    other = parent / ".other.01234567.partial"
    other.mkdir()
    (other / LOCK).write_text("")
    (parent / ".report.12345678.partial").write_text("a file")
    if not older:
        with writing_directory(report, ASKED):
            assert left.is_dir()  # the other process is alive
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (left / "first.nc").exists()
    write(report, overwrite=True)
    assert not left.exists()
    assert all(directory.is_dir() for directory in [*kept, other])
    assert (parent / ".report.12345678.partial").read_text() == "a file"


def test_a_lock_that_is_held_keeps_its_directory(tmp_path):
    alive = tmp_path / ".report.01234567.partial"
    alive.mkdir()
    with FileLock(alive / LOCK):
        write(tmp_path / "report")
        assert alive.is_dir()
    write(tmp_path / "report")
    assert not alive.exists()
