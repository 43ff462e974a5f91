"""The command ``restpoint validate``: one point, theory and simulation side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reports.options import (
    axis_options,
    model_options,
    output_option,
    simulation_options,
    tolerance_option,
)
from reports.parsing import parse_sizes
from reports.stopping import NETWORKS_KEPT, keeping
from reports.terminal import finish, print_table, progress_bar
from validation.sampling import MOST_DOUBLINGS, NETWORKS, SIZES, Sampling

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from theory.ensembles import RandomNetwork

MOST_NETWORKS, MOST_CHAINS, MOST_DRAWS = 10_000, 1024, 1_000_000


def _read_sizes(context: click.Context, option: click.Parameter, text: str) -> list[int]:
    return parse_sizes(text, f"--{option.name}")


@click.command()
@model_options
@axis_options
@click.option(
    "--size", metavar="VALUES", default=",".join(map(str, SIZES)), show_default=True,
    callback=_read_sizes, help="Numbers of units; three or more are extrapolated to infinite size.",
)  # fmt: skip
@click.option(
    "--networks", type=click.IntRange(2, MOST_NETWORKS), default=NETWORKS, show_default=True,
    help="Networks drawn of every size.",
)  # fmt: skip
@click.option(
    "--chains", type=click.IntRange(4, MOST_CHAINS), default=Sampling.chains, show_default=True,
    help="Markov chains per network, an even number: half start hot, half cold.",
)  # fmt: skip
@click.option(
    "--draws", type=click.IntRange(20, MOST_DRAWS), default=Sampling.draws, show_default=True,
    help="Observed draws per chain.",
)  # fmt: skip
@click.option(
    "--warmup", type=click.IntRange(1, MOST_DRAWS), default=Sampling.warmup, show_default=True,
    help="Draws per chain before that.",
)  # fmt: skip
@click.option(
    "--doublings", type=click.IntRange(0, MOST_DOUBLINGS), default=Sampling.doublings,
    show_default=True, help="How often chains that have not mixed run on, twice as long each time.",
)  # fmt: skip
@tolerance_option
@simulation_options
@output_option("FILE.nc", "netCDF file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def validate(
    context: click.Context,
    *,
    network: RandomNetwork,
    g: list[float],
    gamma: list[float],
    temperature: list[float],
    size: list[int],
    networks: int,
    chains: int,
    draws: int,
    warmup: int,
    doublings: int,
    tolerance: float,
    seed: int,
    threads: int,
    output: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Simulate drawn networks at one point and compare with the saddle-point solution."""
    from reports import comparison  # noqa: PLC0415  (help must come without it)
    from reports.checks import check_simulable  # noqa: PLC0415
    from reports.output_files import check_dataset, request, sign_dataset  # noqa: PLC0415
    from reports.results import describe_failures  # noqa: PLC0415

    axes = {"g": g, "gamma": gamma, "temperature": temperature}
    _check_point(network, axes)
    sampling = {"chains": chains, "draws": draws, "warmup": warmup, "doublings": doublings}
    Sampling(**sampling)  # type: ignore[arg-type]  # refuses what cannot be sampled
    settings = {
        "size": sorted(size),
        "networks": networks,
        "seed": seed,
        "tolerance": tolerance,
        **sampling,
    }
    asked = request("restpoint validate", network, **settings)
    if output is not None:
        point = {name: values[0] for name, values in axes.items()}
        check_dataset(output, asked, point, overwrite=overwrite)
    check_simulable(network)
    with keeping(lambda: NETWORKS_KEPT), progress_bar() as report:
        phases, checked = _run(
            network, (g[0], gamma[0], temperature[0]), threads, tolerance,
            size=size, networks=networks, seed=seed, progress=report("networks"), **sampling,
        )  # fmt: skip
    if output is not None:
        from reports.store import write_dataset  # noqa: PLC0415

        write_dataset(sign_dataset(checked, asked), output)
    if as_json:
        click.echo(comparison.to_json(checked))
    else:
        print_table(comparison.to_table(checked))
        click.echo("\n".join(comparison.remarks(checked)))
        if output is not None:
            click.echo(f"wrote {output}")
    unconfirmed = comparison.describe_unconfirmed(checked)
    # without a theory all quantities are undecided for the same reasons: the first says them
    failures = describe_failures(phases)
    finish(context, [*failures, *(unconfirmed[:1] if failures else unconfirmed)])


def _check_point(network: RandomNetwork, axes: dict[str, list[float]]) -> None:
    """Refuse several points, and points without a measure, before anything takes time."""
    from reports.checks import check_axes  # noqa: PLC0415
    from theory.expressions import ModelError  # noqa: PLC0415

    for name, values in axes.items():
        if len(values) > 1:
            msg = (
                f"--{name} has {len(values)} values, but validate takes one point: run it once"
                " per point, or all together as restpoint report validation"
            )
            raise ModelError(msg)
    check_axes(network, axes, sampled=True)


def _run(
    network: RandomNetwork,
    point: tuple[float, float, float],
    threads: int,
    tolerance: float,
    **settings: object,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Solve the point and simulate it."""
    from numerics.solve import solve  # noqa: PLC0415
    from theory.free_energy import replica_symmetric  # noqa: PLC0415
    from validation import validate as compare  # noqa: PLC0415

    phases = solve(replica_symmetric(network), *point, tolerance=tolerance)
    checked = compare(network, phases.squeeze(), threads=threads, **settings)  # type: ignore[arg-type]
    return phases, checked
