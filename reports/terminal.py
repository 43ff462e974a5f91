"""What commands say on the terminal: tables, progress, failures."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SPEED_PERIOD = 900.0
"""Seconds over which the speed is taken: a large network may take minutes."""
NOT_CONVERGED, BAD_INPUT = 1, 2
"""Exit status of a command that did not reach what it was asked for."""


def fail(message: str, status: int) -> int:
    """Write one line on standard error and give the exit status back.

    Examples
    --------
    >>> fail("did not converge", NOT_CONVERGED)
    1
    """
    click.echo(f"restpoint: {' '.join(message.split())}", err=True)
    return status


def finish(context: click.Context, problems: Sequence[str]) -> None:
    """Say what did not converge or validate; with any problem, exit with status 1."""
    for problem in problems:
        fail(problem, NOT_CONVERGED)
    if problems:
        context.exit(NOT_CONVERGED)


def line_width() -> int:
    """Characters of a line: those of the terminal, 80 where the output goes elsewhere.

    Examples
    --------
    >>> line_width() > 0
    True
    """
    return max(shutil.get_terminal_size().columns, 80) if sys.stdout.isatty() else 80


def print_table(table: object) -> None:
    """Print a table as wide as it is: cut or folded numbers help nobody."""
    from rich.console import Console  # noqa: PLC0415  (help must come without it)
    from rich.measure import Measurement  # noqa: PLC0415

    console = Console(highlight=False, width=line_width())
    needed = Measurement.get(console, console.options.update(width=1000), table).maximum  # type: ignore[arg-type]
    console.width = max(console.width, needed)
    console.print(table)


@contextmanager
def progress_bar() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Show progress on standard error while it is a terminal; stay silent otherwise.

    A task appears when it has something to show. Until the first does, equations are derived and
    kernels compiled, which takes half a minute for a new model.

    Yields
    ------
    callable
        Takes the name of a task and gives a function of what is done and its total.
    """
    if not sys.stderr.isatty():
        yield lambda _: lambda _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True)
    with Progress(console=console, transient=True, speed_estimate_period=SPEED_PERIOD) as progress:
        first = progress.add_task("deriving and compiling", total=None)

        def start(name: str) -> Callable[[int, int], None]:
            task = progress.add_task(name, total=None, visible=False, start=False)

            def advance(done: int, total: int) -> None:
                if not progress.tasks[task].started:
                    progress.start_task(task)
                progress.update(first, visible=False)
                progress.update(task, completed=done, total=total, visible=True)

            return advance

        yield start
