"""The validation report: theory against direct simulation at many points of many models."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.phases import AXES
from numerics.solve import solve
from reports.checks import check_simulable
from reports.chosen import TOLERANCE
from reports.comparison import describe_unconfirmed
from reports.store import write_dataset, write_figure
from reports.validation_extras import Extras
from reports.validation_figures import draw_along, draw_distributions, draw_scores, draw_sizes
from reports.validation_lines import theory_lines
from reports.validation_page import write_page
from theory.codegen.cache import cache_path
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric
from validation import validate
from validation.checkpoint import LONGEST_UNUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from matplotlib.figure import Figure

    from reports.validation_points import Effort, Point

    Progress = Callable[[str], Callable[[int, int], None]]

_COORDINATES = {
    "point": "number that fixes the seed of a point",
    "model": "what differs from a = -x, b = 1",
    "seed": "seed of the networks of a point",
}


@contextmanager
def kept_networks(points: Sequence[Point], effort: Effort, seed: int) -> Iterator[Path]:
    """Give the directory in which a report keeps its networks until it is completely written.

    An interrupted report with the same points, effort and seed continues from it; it is removed
    when the block succeeds, and after thirty days without use.

    Yields
    ------
    pathlib.Path

    Examples
    --------
    >>> from reports.validation_points import QUICK
    >>> with kept_networks([], QUICK, seed=0) as directory:
    ...     directory.is_dir()
    True
    >>> directory.exists()
    False
    """
    parent = cache_path() / "reports"
    key = repr((list(points), effort, seed))
    directory = parent / hashlib.sha256(key.encode()).hexdigest()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    oldest = time.time() - LONGEST_UNUSED
    for other in parent.iterdir():
        with suppress(OSError):  # another process removes it too
            if other != directory and other.stat().st_mtime < oldest:
                shutil.rmtree(other)
    try:
        yield directory
    except BaseException:
        with suppress(OSError):  # only an empty directory can be removed like this
            directory.rmdir()
        raise
    shutil.rmtree(directory, ignore_errors=True)


def compute(
    points: Sequence[Point],
    effort: Effort,
    *,
    seed: int = 0,
    threads: int = 1,
    tolerance: float = TOLERANCE,
    directory: Path | None = None,
    progress: Progress | None = None,
) -> tuple[xr.Dataset, list[str]]:
    """Solve and simulate point by point.

    Parameters
    ----------
    points : sequence of Point
    effort : Effort
    seed : int
    threads : int
        Networks simulated side by side.
    tolerance : float
        Of the solutions.
    directory : pathlib.Path, optional
        Where finished networks are kept, as for `validation.validate`.
    progress : callable, optional
        Takes the name of a task, gives a function of work done and its total.

    Returns
    -------
    checked : xarray.Dataset
        As from `validation.validate`, over ``point``, with the coordinates ``model``, ``seed``
        and the parameters.
    problems : list of str
        One line for every point that could not be simulated; it is not in ``checked``.

    Raises
    ------
    ModelError
        If no point could be simulated.
    """
    report = progress("networks") if progress else None
    found: list[tuple[Point, xr.Dataset]] = []
    problems = []
    done = 0
    place_for = nullcontext(directory) if directory else TemporaryDirectory()
    with place_for as kept:
        for place, point in enumerate(points):
            left = sum(
                _work(effort.counts(other.reduced_temperature)) for other in points[place + 1 :]
            )

            def advance(count: int, total: int, before: int = done, after: int = left) -> None:
                if report:
                    report(before + count, before + total + after)

            try:
                part = _simulate(point, effort, seed, threads, tolerance, Path(kept), advance)
            except ModelError as error:
                problems.append(f"{name(point)}: {error}")
                continue
            found.append((point, part))
            drawn = part.r_hat.count("network").values.tolist()
            done += _work(dict(zip(part["size"].values.tolist(), drawn, strict=True)))
    if not found:
        raise ModelError(f"no point could be simulated; the first: {problems[0]}")
    return _joined(found, seed), problems


def _work(counts: Mapping[int, int]) -> int:
    """What the networks of every size take together, as `validation.runs.run_jobs` counts it."""
    return sum(count * size**2 for size, count in counts.items())


def _simulate(
    point: Point,
    effort: Effort,
    seed: int,
    threads: int,
    tolerance: float,
    directory: Path,
    progress: Callable[[int, int], None],
) -> xr.Dataset:
    """Solve and simulate a point, with as many networks as its error asks for."""
    check_simulable(point.network)
    place = (point.g, point.gamma, point.temperature)
    phases = solve(replica_symmetric(point.network), *place, tolerance=tolerance)
    sampling = asdict(effort.sampling)
    del sampling["edges"]  # every point has its own
    counts, done = effort.counts(point.reduced_temperature), None
    while counts != done:
        done = counts
        part = validate(
            point.network, phases.squeeze(), size=list(counts), networks=list(counts.values()),
            **sampling, seed=point.seed(seed), threads=threads,
            directory=directory, progress=progress,
        )  # fmt: skip
        at = part.sel(quantity="q")
        errors = at.standard_error, at.mean_error.sel(size=max(counts))
        relative = (float(abs(error / at.simulation)) for error in errors)
        counts = effort.counts_after(counts, *relative)
    return part


def name(point: Point) -> str:
    """Name a point in a message."""
    return f"{point.label}, g = {point.g:g}, gamma = {point.gamma:g}, T = {point.temperature:g}"


def _joined(done: list[tuple[Point, xr.Dataset]], seed: int) -> xr.Dataset:
    """Put the points into one dataset with one record of where they come from."""
    parts = [part for _, part in done]
    # every point has its own bins, and some have more networks and sizes
    joined = xr.concat(parts, dim="point", coords="different", compat="equals", join="outer")
    columns = {
        "point": [point.number for point, _ in done],
        "model": [point.label for point, _ in done],
        "seed": [point.seed(seed) for point, _ in done],
    }
    for key, values in columns.items():
        attributes = {"long_name": _COORDINATES[key], "units": "1"}
        joined = joined.assign_coords({key: ("point", values, attributes)})
    records = [json.loads(part.attrs["provenance"]) for part in parts]
    joined.attrs["provenance"] = json.dumps(
        {
            "ansatz": records[0]["ansatz"],
            "versions": records[0]["versions"],
            "points": [{key: record[key] for key in ("model", "settings")} for record in records],
        }
    )
    for axis in AXES:  # one value per point, also where all are equal
        joined[axis] = ("point", np.broadcast_to(joined[axis], len(done)), parts[0][axis].attrs)
    return joined


def make_report(
    points: Sequence[Point],
    directory: Path,
    *,
    effort: Effort,
    seed: int = 0,
    threads: int = 1,
    tolerance: float = TOLERANCE,
    kept: Path | None = None,
    extras: Extras | None = None,
    progress: Progress | None = None,
) -> list[str]:
    """Simulate, draw and write the whole report.

    Parameters
    ----------
    points : sequence of Point
    directory : pathlib.Path
        Exists; gets netCDF files, figures and ``index.html``.
    effort : Effort
    seed, threads : int
    tolerance : float
        Of the solutions.
    kept : pathlib.Path, optional
        Where finished networks are kept, see `kept_networks`.
    extras : Extras, optional
    progress : callable, optional
        As in `compute`.

    Returns
    -------
    list of str
        One line for every quantity of a point that is refuted or undecided, and for every point
        that could not be simulated.
    """
    checked, problems = compute(
        points, effort, seed=seed, threads=threads, tolerance=tolerance, directory=kept,
        progress=progress,
    )  # fmt: skip
    extras = extras or Extras()
    figures = _draw(points, checked, tolerance)
    for key, (figure, data) in (figures | extras.figures()).items():
        write_dataset(data, directory / f"{key}.nc")
        write_figure(figure, directory / key)
    write_dataset(checked, directory / "validation.nc")
    write_page(directory, checked, problems, list(figures), extras.sections(directory))
    return [*problems, *extras.problems()] + [
        f"{part.model.item()}, g = {float(part.g):g}, gamma = {float(part.gamma):g},"
        f" T = {float(part.temperature):g}: {line}"
        for part in (checked.isel(point=k) for k in range(checked.sizes["point"]))
        for line in describe_unconfirmed(part)
    ]


def _draw(
    points: Sequence[Point], checked: xr.Dataset, tolerance: float
) -> dict[str, tuple[Figure, xr.Dataset]]:
    """Draw every figure for which there is something to show, with its numbers."""
    figures = {}
    for key, axis in (("temperature", "temperature"), ("coupling", "g")):
        lines = theory_lines(points, axis, tolerance)
        if lines:
            figures[key] = draw_along(checked, lines, axis), lines
    shown = {"scores": ["z", "verdict"], "sizes": ["theory", "mean", "mean_error", "simulation"]}
    shown["sizes"] += ["standard_error", "exponent", "verdict"]
    densities = [str(key) for key in checked if "density" in str(key) or "distance" in str(key)]
    figures["scores"] = draw_scores(checked), checked[shown["scores"]]
    figures["sizes"] = draw_sizes(checked), checked[shown["sizes"]]
    figures["distributions"] = draw_distributions(checked), checked[[*densities, "bin_centre"]]
    return figures
