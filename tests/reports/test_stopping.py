"""Signals: the first ends a command tidily, the second at once, and both say what is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from reports.stopping import stoppable

GRID = ["--g", "0.8:1.2:3", "--gamma", "0.5", "--temperature", "0.1", "--chunk", "g=1"]

# tests that run in the background of a shell hand down that interrupts are ignored
HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
SWEEP = """
import sys, time
from numerics.solving_task import SolvingTask
real = SolvingTask.compute
def slow(self, threads=1):
    if 1.2 in self.g:
        print("begun", flush=True)
        time.sleep(600)
    return real(self, threads)
SolvingTask.compute = slow
"""
REPORT = """
import sys, time
import reports.phases
from reports.sections import Section
import xarray as xr
def first(network):
    return Section("first", "First", "<p>one</p>", data={"first": xr.Dataset({"q": 1.0})})
def second(*_, **__):
    print("begun", flush=True)
    time.sleep(600)
reports.phases.lines_section, reports.phases.maps_section = first, second
"""
MAIN = "from reports.cli import main; sys.exit(main())\n"


@pytest.fixture
def begin():
    """Begin with a command in another process and wait until it is at work."""
    processes = []

    def begin(code, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", HEARD + code + MAIN, *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
        )  # fmt: skip
        processes.append(process)
        assert process.stdout.readline() == "begun\n", process.communicate()[1]
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def test_the_second_interrupt_stops_a_sweep_at_once(run, begin, tmp_path):
    output = tmp_path / "phases.zarr"
    process = begin(SWEEP, "sweep", *GRID, "--output", output)
    process.send_signal(signal.SIGINT)
    lines = []
    while not any("once more stops at once" in line for line in lines):
        lines.append(process.stderr.readline())
        assert lines[-1], lines
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1]  # the chunk takes ten minutes
    assert process.returncode == 130
    assert errors.splitlines() == [
        f"restpoint: finished chunks are kept in {output}; the same command goes on from them",
        "restpoint: stopped",
    ]
    status, out, _ = run("sweep", *GRID, "--output", output)
    assert (status, "3 points, 3 converged" in " ".join(out.split())) == (0, True)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_report_keeps_what_is_finished(begin, tmp_path, sent):
    report = tmp_path / "report"
    process = begin(REPORT, "report", "phases", "--quick", "--output", report)
    process.send_signal(sent)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + sent
    lines = [line for line in errors.splitlines() if line]
    assert lines == [
        f"restpoint: what is finished is kept in {report}",
        "restpoint: interrupted",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert {path.name for path in report.iterdir()} == {"first.nc", "index.html", "report.json"}
    page = (report / "index.html").read_text()
    assert "<p>one</p>" in page
    assert "not finished" in page


def test_handlers_are_put_back_and_ignored_signals_stay_ignored():
    before = signal.getsignal(signal.SIGTERM)
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable() as stop:
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is stop
    finally:
        signal.signal(signal.SIGINT, ignored)
    assert signal.getsignal(signal.SIGTERM) is before


def test_other_threads_leave_signals_alone():
    seen = []

    def inside():
        with stoppable():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


VALIDATE = """
import sys, time
import validation.equilibrium as equilibrium
def slow(*_, **__):
    print("begun", flush=True)
    time.sleep(600)
equilibrium.simulate_network = slow
"""


@pytest.mark.parametrize("command", [["validate"], ["report", "validation", "--quick"]])
def test_the_second_interrupt_stops_a_simulation_at_once(begin, tmp_path, command):
    point = ["--g", "0.5", "--gamma", "0", "--temperature", "1"]
    output = tmp_path / ("checked.nc" if command == ["validate"] else "report")
    process = begin(VALIDATE, *command, *point, "--threads", "1", "--output", output)
    process.send_signal(signal.SIGINT)
    assert "once more stops at once" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 143
    assert errors.splitlines() == [
        "restpoint: finished networks are kept; the same command goes on from them",
        "restpoint: stopped",
    ]
    assert not list(tmp_path.iterdir())
