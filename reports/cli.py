"""The command ``restpoint``.

Modules that take long to import are imported inside the commands that need them.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.options import MOST_VALUES, axis_options, model_options, threads_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from theory.ensembles import RandomNetwork

NOT_CONVERGED, BAD_INPUT, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.

    Raises
    ------
    SystemExit
        0 done, 1 something did not converge, 2 bad input, 130 interrupted.

    Examples
    --------
    >>> main(["solve", "--g", "1.4:0.4:11", "--gamma", "0", "--temperature", "1"])
    Traceback (most recent call last):
    ...
    SystemExit: 2
    """
    try:
        status = cli.main(arguments, prog_name="restpoint", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        status = _fail(error.format_message(), BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        status = _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # the reader of our output left; there is nobody to write the rest to
        sys.stdout = None
        status = NOT_CONVERGED
    except ValueError as error:
        from theory.expressions import ModelError  # noqa: PLC0415  (it brings SymPy)

        if not isinstance(error, ModelError):
            raise
        status = _fail(str(error), BAD_INPUT)
    raise SystemExit(status or 0)


def _fail(message: str, status: int) -> int:
    click.echo(f"restpoint: {' '.join(message.split())}", err=True)
    return status


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="restpoint", prog_name="restpoint")
@click.pass_context
def cli(context: click.Context) -> None:
    """Steady states of random networks: derived, solved and reported.

    A model is three functions of x and three numbers; every command takes them as options.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@cli.command()
@model_options
@click.option(
    "--format", "style", type=click.Choice(["text", "latex", "html"]), default="text",
    show_default=True, help="How the equations are written.",
)  # fmt: skip
def derive(network: RandomNetwork, style: str) -> None:
    """Show the derivation from the dynamics to the saddle-point equations."""
    from theory.free_energy import replica_symmetric  # noqa: PLC0415

    derivation = replica_symmetric(network).derivation
    click.echo(getattr(derivation, style)())


@cli.command()
@model_options
@axis_options
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE.nc", help="netCDF file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--branch", type=click.Choice(["default", "all"]), default="default", show_default=True,
    help="The branch continued from high temperature, or every branch found.",
)  # fmt: skip
@threads_option
@click.pass_context
def solve(
    context: click.Context,
    *,
    network: RandomNetwork,
    g: list[float],
    gamma: list[float],
    temperature: list[float],
    output: Path | None,
    as_json: bool,
    branch: str,
    threads: int,
) -> None:
    """Solve the saddle-point equations on the outer product of the values given."""
    if len(g) * len(gamma) * len(temperature) > MOST_VALUES:
        msg = f"the ranges give more than {MOST_VALUES} points; use fewer or solve them in parts"
        raise click.UsageError(msg)
    from reports import results, store  # noqa: PLC0415
    from theory.files import check_file  # noqa: PLC0415  (as all of theory, it brings SymPy)

    if output is not None:
        check_file(output)
    from numerics.solve import solve as solve_grid  # noqa: PLC0415
    from theory.free_energy import replica_symmetric  # noqa: PLC0415

    with progress_bar() as report:
        dataset = solve_grid(
            replica_symmetric(network), g, gamma, temperature,
            branch=branch, threads=threads, progress=report("solving"),
        )  # fmt: skip
    if output is not None:
        store.write_dataset(dataset, output)
    if as_json:
        click.echo(results.to_json(dataset))
    else:
        _print_table(results.to_table(dataset))
    _exit(context, results.describe_failures(dataset))


def _print_table(table: object) -> None:
    """Print a table as wide as it is: cut or folded numbers help nobody."""
    from rich.console import Console  # noqa: PLC0415
    from rich.measure import Measurement  # noqa: PLC0415

    console = Console(highlight=False)
    needed = Measurement.get(console, console.options.update(width=1000), table).maximum  # type: ignore[arg-type]
    console.width = max(console.width, needed)
    console.print(table)


def _exit(context: click.Context, problems: list[str]) -> None:
    for problem in problems:
        _fail(problem, NOT_CONVERGED)
    if problems:
        context.exit(NOT_CONVERGED)


@cli.command()
@model_options
@click.option(
    "--output", type=click.Path(path_type=Path), required=True, metavar="FILE.py",
    help="Python file that needs only numpy and numba.",
)  # fmt: skip
def kernels(network: RandomNetwork, output: Path) -> None:
    """Export the compiled functions of a network as a standalone module."""
    from theory.files import check_file  # noqa: PLC0415

    target = check_file(output)
    from theory.codegen.export import export_kernels  # noqa: PLC0415

    export_kernels(network, target)


@cli.group(no_args_is_help=False)
def report() -> None:
    """Make a report: data, figures and a page to read in a browser."""


@report.command("edge-of-chaos")
@model_options
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("edge-of-chaos"), metavar="DIR",
    show_default=True, help="Directory for the files.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="Coarser grids, for a first look.")
@threads_option
@click.pass_context
def edge_of_chaos(
    context: click.Context, *, network: RandomNetwork, output: Path, quick: bool, threads: int
) -> None:
    """Order parameters across the transition, their temperature dependence and a phase map."""
    from reports import store  # noqa: PLC0415

    with store.writing_directory(output) as directory, progress_bar() as report_progress:
        from reports.edge_of_chaos import make_report  # noqa: PLC0415

        problems = make_report(
            network, directory, quick=quick, threads=threads, progress=report_progress
        )
    click.echo(f"wrote {output / 'index.html'}", err=True)
    _exit(context, problems)


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
