"""What commands say on the terminal: tables, progress, failures."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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

    Yields
    ------
    callable
        Takes the name of a task and gives a function of points done and their total.
    """
    if not sys.stderr.isatty():
        yield lambda _: lambda _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:

        def start(name: str) -> Callable[[int, int], None]:
            task = progress.add_task(name, total=None)
            return lambda done, total: progress.update(task, completed=done, total=total)

        yield start
