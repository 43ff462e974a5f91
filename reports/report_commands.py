"""The commands ``restpoint report ...``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from reports.chosen import Chosen
from reports.options import (
    chosen_options,
    model_given,
    model_options,
    output_option,
    refused_options,
    seed_option,
    simulation_options,
    threads_option,
)
from reports.stopping import NETWORKS_KEPT, keeping
from reports.terminal import finish, progress_bar

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from theory.ensembles import RandomNetwork


@click.group(no_args_is_help=False)
def report() -> None:
    """Make a report: data, figures and a page to read in a browser."""


@report.command("edge-of-chaos")
@model_options
@output_option("DIR", "Directory for the files.", default="edge-of-chaos", show_default=True)
@click.option("--quick", is_flag=True, help="Coarser grids, for a first look.")
@chosen_options
@threads_option
@click.pass_context
def edge_of_chaos(
    context: click.Context,
    *,
    network: RandomNetwork,
    output: Path,
    overwrite: bool,
    quick: bool,
    chosen: Chosen,
    threads: int,
) -> None:
    """Order parameters across the transition, their temperature dependence and a phase map.

    With values of g these are the axis of the lines and of the map, those of gamma belong to the
    lines, and those of the temperature are the axis of the dependence on it.
    """
    chosen.check_drawable("g", "the axis of the lines and of the map")
    chosen.check_drawable("temperature", "the dependence on temperature")
    _check(network, chosen)
    with (
        _directory(context, output, network, overwrite, quick=quick, chosen=chosen) as directory,
        progress_bar() as report_progress,
    ):
        from reports.edge_of_chaos import make_report  # noqa: PLC0415

        problems = make_report(
            network,
            directory,
            quick=quick,
            chosen=chosen,
            threads=threads,
            progress=report_progress,
        )
    click.echo(f"wrote {output / 'index.html'}", err=True)
    finish(context, problems)


@report.command("validation")
@model_options
@output_option("DIR", "Directory for the files.", default="validation-report", show_default=True)
@click.option("--quick", is_flag=True, help="Fewer points and smaller networks.")
@chosen_options
@simulation_options
@click.pass_context
def validation(
    context: click.Context,
    *,
    network: RandomNetwork,
    output: Path,
    overwrite: bool,
    quick: bool,
    chosen: Chosen,
    seed: int,
    threads: int,
) -> None:
    """Theory against simulation at many points of many models, or at points of the MODEL given.

    Without a MODEL, points and --quick also: published values at low temperature, chaos and the
    loss of stability of x = 0 in the dynamics without noise. Finished networks are kept, so that
    an interrupted report continues when it is run again.
    """
    from reports.validation_points import (  # noqa: PLC0415
        FULL,
        QUICK,
        points_of,
        standard_points,
    )

    given = model_given(context) or chosen.points
    points = standard_points(quick=quick)
    if given:
        points = points_of(network, quick=quick, chosen=chosen)
    effort = QUICK if quick else FULL
    from reports.validation import kept_networks, make_report  # noqa: PLC0415
    from reports.validation_extras import compute_extras  # noqa: PLC0415

    asked = {"quick": quick, "chosen": chosen, "seed": seed, "given": given}
    # networks are kept until the files are in place
    with (
        kept_networks(points, effort, seed) as kept,
        keeping(lambda: NETWORKS_KEPT),
        _directory(context, output, network, overwrite, **asked) as directory,
        progress_bar() as report_progress,
    ):
        run: dict[str, Any] = {"seed": seed, "threads": threads, "progress": report_progress}
        extras = None if given or quick else compute_extras(directory=kept, **run)
        problems = make_report(
            points, directory, effort=effort, tolerance=chosen.tolerance, kept=kept, extras=extras,
            **run,
        )  # fmt: skip
    click.echo(f"wrote {output / 'index.html'}", err=True)
    finish(context, problems)


@report.command("phases")
@model_options
@output_option("DIR", "Directory for the files.", default="phases-report", show_default=True)
@click.option("--quick", is_flag=True, help="Coarser grids and smaller networks, for a first look.")
@chosen_options
@simulation_options
@click.pass_context
def phases(
    context: click.Context,
    *,
    network: RandomNetwork,
    output: Path,
    overwrite: bool,
    quick: bool,
    chosen: Chosen,
    seed: int,
    threads: int,
) -> None:
    """Transitions, stability, broken replica symmetry and four ensembles of steady states.

    Values of g, gamma and the temperature are those of the phase diagram; what else is shown
    follows the transitions of the model.
    """
    for name in ("g", "gamma"):
        chosen.check_drawable(name, "the phase diagram")
    _check(network, chosen)
    asked = {"quick": quick, "chosen": chosen, "seed": seed}
    with (
        _directory(context, output, network, overwrite, **asked) as directory,
        progress_bar() as report_progress,
    ):
        from reports.phases import FULL, QUICK, make_report  # noqa: PLC0415

        problems = make_report(
            network, directory, effort=QUICK if quick else FULL, chosen=chosen, seed=seed,
            threads=threads, progress=report_progress,
        )  # fmt: skip
    click.echo(f"wrote {output / 'index.html'}", err=True)
    finish(context, problems)


@report.command("benchmarks")
@model_options
@output_option("DIR", "Directory for the files.", default="benchmarks-report", show_default=True)
@click.option("--quick", is_flag=True, help="Smaller sizes and fewer repetitions.")
@refused_options("the benchmarks are taken at fixed points, so that versions can be compared")
@seed_option
@click.pass_context
def benchmarks(
    context: click.Context,
    *,
    network: RandomNetwork,
    output: Path,
    overwrite: bool,
    quick: bool,
    seed: int,
) -> None:
    """Speed on one thread beside plain baselines, in ratios and powers of the sizes."""
    with (
        _directory(context, output, network, overwrite, quick=quick, seed=seed) as directory,
        progress_bar() as report_progress,
    ):
        from reports.benchmarks import FULL, QUICK, make_report  # noqa: PLC0415

        problems = make_report(
            network, directory, effort=QUICK if quick else FULL, seed=seed, progress=report_progress
        )
    click.echo(f"wrote {output / 'index.html'}", err=True)
    finish(context, problems)


def _directory(
    context: click.Context, output: Path, network: RandomNetwork, overwrite: bool, **settings: Any
) -> AbstractContextManager[Path]:
    """Open the directory of a report, with all that decides what is in it."""
    from reports.output_files import request  # noqa: PLC0415  (help must come without it)
    from reports.report_directory import writing_directory  # noqa: PLC0415

    plain = {name: asdict(v) if isinstance(v, Chosen) else v for name, v in settings.items()}
    asked = request(f"restpoint report {context.info_name}", network, **plain)
    return writing_directory(output, asked, overwrite=overwrite)


def _check(network: RandomNetwork, chosen: Chosen) -> None:
    """Refuse chosen points that are out of range."""
    from reports.checks import check_axes  # noqa: PLC0415

    check_axes(network, {name: chosen.axis(name, ()) for name in ("g", "gamma", "temperature")})
