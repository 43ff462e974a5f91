"""The command ``restpoint``.

Modules that take long to import are imported inside the commands that need them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from reports.options import (
    axis_options,
    model_options,
    output_option,
    threads_option,
    tolerance_option,
)
from reports.parsing import MOST_VALUES
from reports.report_commands import report
from reports.stopping import Stop, stoppable
from reports.sweep_command import sweep
from reports.terminal import (
    BAD_INPUT,
    NOT_CONVERGED,
    fail,
    finish,
    line_width,
    print_table,
    progress_bar,
)
from reports.validate_command import validate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import xarray as xr

    from theory.ensembles import RandomNetwork


MOST_ROWS = 50
"""Points that are printed one by one."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.

    Raises
    ------
    SystemExit
        0 done, 1 something did not converge or validate, 2 bad input, 130 interrupted, 143
        terminated.

    Examples
    --------
    >>> main(["solve", "--g", "1.4:0.4:11", "--gamma", "0", "--temperature", "1"])
    Traceback (most recent call last):
    ...
    SystemExit: 2
    """
    stop = Stop()
    try:
        with stoppable() as stop:
            status = cli.main(arguments, prog_name="restpoint", standalone_mode=False)
            sys.stdout.flush()
    except click.ClickException as error:
        status = fail(error.format_message(), BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        status = fail("interrupted", stop.status)
    except BrokenPipeError:
        # the reader of our output left; there is nobody to write the rest to
        sys.stdout = None
        status = NOT_CONVERGED
    except ValueError as error:
        from theory.expressions import ModelError  # noqa: PLC0415  (it brings SymPy)

        if not isinstance(error, ModelError):
            raise
        status = fail(str(error), BAD_INPUT)
    raise SystemExit(status or 0)


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
@output_option("FILE.nc", "netCDF file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--branch", type=click.Choice(["default", "all"]), default="default", show_default=True,
    help="The branch continued from high temperature, or every branch found.",
)  # fmt: skip
@tolerance_option
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
    overwrite: bool,
    as_json: bool,
    branch: str,
    tolerance: float,
    threads: int,
) -> None:
    """Solve the saddle-point equations on the outer product of the values given."""
    if len(g) * len(gamma) * len(temperature) > MOST_VALUES:
        msg = f"the ranges give more than {MOST_VALUES} points; use fewer or solve them in parts"
        raise click.UsageError(msg)
    from reports import output_files, results, store  # noqa: PLC0415

    asked = output_files.request("restpoint solve", network, branch=branch, tolerance=tolerance)
    if output is not None:
        axes = {"g": g, "gamma": gamma, "temperature": temperature}
        output_files.check_dataset(output, asked, axes, overwrite=overwrite)
    from numerics.solve import solve as solve_grid  # noqa: PLC0415
    from theory.free_energy import replica_symmetric  # noqa: PLC0415

    with progress_bar() as report:
        dataset = solve_grid(
            replica_symmetric(network), g, gamma, temperature,
            branch=branch, tolerance=tolerance, threads=threads, progress=report("solving"),
        )  # fmt: skip
    if output is not None:
        store.write_dataset(output_files.sign_dataset(dataset, asked), output)
    if as_json:
        click.echo(results.to_json(dataset))
    else:
        _show(dataset, whole=output is None and dataset.converged.size <= MOST_ROWS)
        if output is not None:
            click.echo(f"wrote {output}")
    finish(context, results.describe_failures(dataset))


def _show(dataset: xr.Dataset, *, whole: bool) -> None:
    """Print every point, or how many there are and between which values they lie."""
    from reports import solved_tables  # noqa: PLC0415

    if whole:
        for table in solved_tables.to_tables(dataset, line_width()):
            print_table(table)
    else:
        print_table(solved_tables.summary_table(dataset))
        click.echo("\n".join(solved_tables.counts(dataset)))
    click.echo("\n".join(solved_tables.remarks(dataset)))


@cli.command()
@model_options
@output_option("FILE.py", "Python file that needs only numpy and numba.", required=True)
def kernels(network: RandomNetwork, output: Path, overwrite: bool) -> None:
    """Export the compiled functions of a network as a standalone module."""
    from reports import output_files  # noqa: PLC0415

    asked = output_files.request("restpoint kernels", network)
    output_files.check_module(output, asked, overwrite=overwrite)
    from theory.codegen.export import export_kernels  # noqa: PLC0415
    from theory.files import writing  # noqa: PLC0415

    with writing(output) as temporary, progress_bar():
        export_kernels(network, temporary)
        output_files.sign_module(temporary, asked)
    click.echo(f"wrote {output}")


cli.add_command(validate)
cli.add_command(sweep)
cli.add_command(report)
