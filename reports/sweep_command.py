"""The command ``restpoint sweep``: many points into a store that can be gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reports.options import (
    axis_options,
    simulation_options,
    swept_model_options,
    tolerance_option,
)
from reports.parsing import parse_sizes
from reports.stopping import keeping
from reports.terminal import finish, progress_bar
from validation.sampling import NETWORKS, SIZES

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from numerics.sweep_task import Task
    from theory.ensembles import RandomNetwork

MOST_NETWORKS = 10_000
SIMULATION = ("size", "networks", "seed")
"""Options that mean something with ``--simulate`` only."""


def _read_sizes(context: click.Context, option: click.Parameter, text: str) -> list[int]:
    return parse_sizes(text, f"--{option.name}")


def _read_chunks(
    context: click.Context, option: click.Parameter, texts: tuple[str, ...]
) -> dict[str, int]:
    """Read ``g=50,temperature=1``, or one axis after the other."""
    chunks: dict[str, int] = {}
    for part in filter(None, ",".join(texts).split(",")):
        name, _, length = (piece.strip() for piece in part.partition("="))
        if not name or not length.isdecimal():
            msg = f"cannot read {part!r}; write the values per chunk like g=50,temperature=1"
            raise click.BadParameter(msg, context, option)
        name = name.replace("-", "_")
        if chunks.setdefault(name, int(length)) != int(length):
            msg = f"{name} is given twice, as {chunks[name]} and {length}; choose one"
            raise click.BadParameter(msg, context, option)
    return chunks


@click.command()
@swept_model_options
@axis_options
@click.option(
    "--output", type=click.Path(path_type=Path), required=True, metavar="STORE.zarr",
    help="Zarr store, made or gone on with.",
)  # fmt: skip
@click.option("--simulate", is_flag=True, help="Sample drawn networks instead of solving.")
@click.option(
    "--size", metavar="VALUES", default=",".join(map(str, SIZES)), show_default=True,
    callback=_read_sizes, help="Numbers of units, with --simulate.",
)  # fmt: skip
@click.option(
    "--networks", type=click.IntRange(1, MOST_NETWORKS), default=NETWORKS, show_default=True,
    help="Networks drawn of every size, with --simulate.",
)  # fmt: skip
@click.option(
    "--chunk", metavar="AXIS=COUNT,...", multiple=True, callback=_read_chunks,
    help="Values of an axis computed and written together, like g=50,temperature=1; may be"
    " repeated.",
)  # fmt: skip
@click.option(
    "--scheduler", metavar="ADDRESS", help="Use the workers of this Dask scheduler, not threads."
)
@tolerance_option
@simulation_options
@click.pass_context
def sweep(
    context: click.Context,
    *,
    network: RandomNetwork,
    output: Path,
    simulate: bool,
    size: list[int],
    networks: int,
    chunk: dict[str, int],
    scheduler: str | None,
    tolerance: float,
    seed: int,
    threads: int,
    **axes: list[float],
) -> None:
    """Solve or simulate on the outer product of the values given, into a store.

    Interrupted in any way, the same command computes what is missing.
    """
    _check_options(context, simulate, scheduler)
    from reports.output_files import check_ending  # noqa: PLC0415

    check_ending(output, ".zarr", "Zarr")
    task = _task(network, axes, tolerance, (size, networks, seed) if simulate else None)
    from numerics.sweep import sweep as fill  # noqa: PLC0415  (help must come without it)
    from reports.sweep_results import describe_failures, summary  # noqa: PLC0415

    kept = f"finished chunks are kept in {output}; the same command goes on from them"
    with keeping(lambda: kept), _client(scheduler) as client, progress_bar() as report:
        found = fill(
            task, output, chunks=chunk, client=client,
            threads=1 if client else threads, progress=report("points"),
        )  # fmt: skip
    click.echo(f"{output}: {summary(found)}")
    finish(context, describe_failures(found))


def _check_options(context: click.Context, simulate: bool, scheduler: str | None) -> None:
    """Refuse options that would be ignored."""

    def given(name: str) -> bool:
        source = context.get_parameter_source(name)
        return source is not click.core.ParameterSource.DEFAULT

    if not simulate and (unused := [f"--{name}" for name in SIMULATION if given(name)]):
        msg = f"{', '.join(unused)}: only with --simulate; solving draws no networks"
        raise click.UsageError(msg)
    if simulate and given("tolerance"):
        msg = "--tolerance is that of solutions; with --simulate nothing is solved"
        raise click.UsageError(msg)
    if scheduler and given("threads"):
        msg = "--threads are those of this process; with --scheduler its workers do the chunks"
        raise click.UsageError(msg)


def _task(
    network: RandomNetwork,
    axes: dict[str, Any],
    tolerance: float,
    simulation: tuple[list[int], int, int] | None,
) -> Task:
    if simulation is None:
        from numerics.solving_task import SolvingTask  # noqa: PLC0415

        return SolvingTask(network, **axes, tolerance=tolerance)
    from dataclasses import replace  # noqa: PLC0415

    from reports.checks import check_simulable  # noqa: PLC0415
    from validation.simulating_task import SimulatingTask  # noqa: PLC0415

    size, networks, seed = simulation
    task = SimulatingTask(
        network, **axes, size=size, network=range(networks), seed=seed,
    )  # fmt: skip
    check_simulable(replace(network, field_std=max(axes["field_std"])))
    return task


def _client(scheduler: str | None) -> AbstractContextManager[Any]:
    """Connect to a Dask scheduler, if one is named."""
    from contextlib import nullcontext  # noqa: PLC0415

    from theory.expressions import ModelError  # noqa: PLC0415

    if scheduler is None:
        return nullcontext()
    try:
        from distributed import Client  # noqa: PLC0415
        from distributed.comm import get_address_host_port  # noqa: PLC0415
    except ImportError as error:
        msg = "--scheduler needs Dask; install it with: pip install 'restpoint[dask]'"
        raise ModelError(msg) from error
    try:
        # a client that cannot read its address stays behind half made, as everybody's default
        get_address_host_port(scheduler)
        return Client(scheduler, timeout=20, set_as_default=False)
    except (OSError, ValueError) as error:
        msg = f"no Dask scheduler answers at {scheduler!r}: {error}"
        raise ModelError(msg) from error
