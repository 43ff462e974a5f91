"""What is shown on a terminal while something is computed."""

from __future__ import annotations

import io

import pytest

from reports.terminal import progress_bar
from validation.runs import Job, run_jobs


class Terminal(io.StringIO):
    def isatty(self):
        return True


def as_terminal(monkeypatch):
    """Make standard error a terminal; not in a fixture, after which pytest sets its own."""
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    return terminal


def test_compiling_is_shown_until_there_is_something_to_count(monkeypatch):
    terminal = as_terminal(monkeypatch)
    with progress_bar() as report:
        advance = report("networks")
        assert "deriving and compiling" in terminal.getvalue()
        assert "networks" not in terminal.getvalue()
        terminal.truncate(0)
        advance(3, 4)
    last = terminal.getvalue()
    assert "networks" in last
    assert "75%" in last


def test_nothing_is_shown_where_there_is_no_terminal(capsys):
    with progress_bar() as report:
        report("networks")(1, 2)
    assert capsys.readouterr() == ("", "")


def test_export_shows_that_it_compiles(tmp_path, monkeypatch, capsys):
    terminal = as_terminal(monkeypatch)
    from reports.cli import main  # noqa: PLC0415

    shown = []

    def export(network, path):
        shown.append(terminal.getvalue())
        path.write_text("pass\n")

    monkeypatch.setattr("theory.codegen.export.export_kernels", export)
    with pytest.raises(SystemExit):
        main(["kernels", "--output", str(tmp_path / "kernels.py")])
    assert "deriving and compiling" in shown[0]
    assert capsys.readouterr().out == f"wrote {tmp_path / 'kernels.py'}\n"


def test_progress_counts_the_work_of_networks():
    """A network of N units takes N^2 operations a step."""
    seen = []
    job = Job({"of": "progress"}, lambda size, index: {})
    run_jobs([job], {10: 2, 100: 1}, progress=lambda *numbers: seen.append(numbers))
    assert seen == [(10_000, 10_200), (10_100, 10_200), (10_200, 10_200)]
