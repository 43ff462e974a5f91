"""Theory beside simulation as JSON, as a table for the terminal, and in words."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.phases import AXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr
    from rich.table import Table

NUMBERS = ("theory", "simulation", "standard_error", "z")
VERDICTS = ("confirmed", "refuted", "undecided")


def quantities(checked: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Go through the quantities of one validated point.

    Parameters
    ----------
    checked : xarray.Dataset
        From `validation.validate`, one point.

    Yields
    ------
    dict
        ``quantity``, ``theory``, ``simulation``, ``standard_error``, ``z``, ``verdict`` and
        ``reason``.
    """
    for k, name in enumerate(checked["quantity"].values):
        row = checked.isel(quantity=k)
        yield {
            "quantity": str(name),
            **{key: float(row[key]) for key in NUMBERS},
            **{key: str(row[key].values) for key in ("verdict", "reason")},
        }


def split(checked: xr.Dataset) -> list[xr.Dataset]:
    """Take a report apart into its points, each with the sizes and networks that it has.

    Parameters
    ----------
    checked : xarray.Dataset
        Over ``point``.

    Returns
    -------
    list of xarray.Dataset
    """
    points = (checked.isel(point=k) for k in range(checked.sizes["point"]))
    return [
        point.dropna("size", how="all", subset=["mean"]).dropna(
            "network", how="all", subset=["r_hat"]
        )
        for point in points
    ]


def worst_r_hat(checked: xr.Dataset) -> float:
    """R-hat of the typical network of the size that mixed worst: the number that decides."""
    return float(checked.r_hat.median("network").max())


def settings(checked: xr.Dataset) -> dict[str, Any]:
    """Read the settings of a validation back from its record."""
    return json.loads(checked.attrs["provenance"])["settings"]


def to_json(checked: xr.Dataset) -> str:
    """Write one validated point as the JSON object of the command; what is not finite is null.

    Examples
    --------
    >>> from numerics import solve
    >>> from theory import RandomNetwork, replica_symmetric
    >>> from validation import validate
    >>> network = RandomNetwork()
    >>> phases = solve(replica_symmetric(network), g=0.5, gamma=0.0, temperature=0.5)
    >>> checked = validate(network, phases.squeeze(), size=[20], networks=2, draws=20)
    >>> sorted(json.loads(to_json(checked))["quantities"]["q"])
    ['simulation', 'standard_error', 'theory', 'verdict', 'z']
    """
    run = settings(checked)
    document = {
        **{name: float(checked[name]) for name in AXES},
        "size": run["size"],
        "networks": run["networks"],
        "quantities": {
            row["quantity"]: {key: _finite(row[key]) for key in NUMBERS}
            | {"verdict": row["verdict"]}
            for row in quantities(checked)
        },
        "r_hat": _finite(worst_r_hat(checked)),
        "effective_sample_size": _finite(float(checked.ess.min())),
        "seed": run["seed"],
    }
    return json.dumps(document, allow_nan=False)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def with_error(value: float, error: float) -> tuple[str, str]:
    """Write a value and its error with as many decimals as two digits of the error have.

    Examples
    --------
    >>> with_error(0.380972, 0.005821), with_error(0.12, float("nan"))
    (('0.3810', '0.0058'), ('0.12', '–'))
    """
    if not (math.isfinite(value) and math.isfinite(error) and error > 0):
        shown = [f"{part:.6g}" if math.isfinite(part) else "–" for part in (value, error)]
        return shown[0], shown[1]
    decimals = max(0, 1 - math.floor(math.log10(float(f"{error:.1e}"))))
    if decimals > 12:
        return f"{value:.6g}", f"{error:.2g}"
    return f"{value:.{decimals}f}", f"{error:.{decimals}f}"


def to_table(checked: xr.Dataset) -> Table:
    """Lay out one validated point for the terminal.

    Parameters
    ----------
    checked : xarray.Dataset

    Returns
    -------
    rich.table.Table
    """
    from rich import box  # noqa: PLC0415  (not needed for JSON)
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("quantity", no_wrap=True)
    for name in ("theory", "simulation"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("± s.e.", no_wrap=True)
    table.add_column("z", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in quantities(checked):
        value, error = with_error(row["simulation"], row["standard_error"])
        theory, z = (
            format(row[key], digits) if math.isfinite(row[key]) else "–"
            for key, digits in (("theory", ".6g"), ("z", "+.2f"))
        )
        table.add_row(row["quantity"], theory, value, f"± {error}", z, row["verdict"])
    return table


def remarks(checked: xr.Dataset) -> list[str]:
    """Say in a few lines how a point was simulated and how well its chains mixed.

    Parameters
    ----------
    checked : xarray.Dataset

    Returns
    -------
    list of str
    """
    run = settings(checked)
    sizes = ", ".join(map(str, run["size"]))
    limit = (
        "extrapolated to infinite N"
        if len(run["size"]) > 2
        else f"at N = {max(run['size'])}, not extrapolated"
    )
    drawn = ", ".join(map(str, np.ravel(run["networks"])))
    each = f"{drawn} networks each, {run['chains']} chains"
    point = ", ".join(f"{name} = {float(checked[name]):g}" for name in AXES)
    return [
        f"{point}; simulation {limit}",
        f"N = {sizes}: {each} of {run['draws']} draws after {run['warmup']}, doubled up to"
        f" {run['doublings']} times until they mix; seed {run['seed']}",
        f"errors from the spread of networks, {float(checked.degrees.min()):.0f} degrees of freedom"
        " at least",
        f"R-hat {worst_r_hat(checked):.3f} (median of networks; largest"
        f" {float(checked.r_hat.max()):.3f}), effective sample size at least"
        f" {float(checked.ess.min()):.0f}",
    ]


def describe_unconfirmed(checked: xr.Dataset) -> list[str]:
    """Say which quantities are refuted or undecided and why, the refuted ones first.

    Parameters
    ----------
    checked : xarray.Dataset

    Returns
    -------
    list of str
        Empty if all are confirmed.
    """
    rows = [row for row in quantities(checked) if row["verdict"] != "confirmed"]
    rows.sort(key=lambda row: VERDICTS.index(row["verdict"]))
    return [f"{row['quantity']} is {row['verdict']}: {row['reason']}" for row in rows]


def count_verdicts(checked: xr.Dataset) -> dict[str, int]:
    """Count the verdicts of any number of points.

    Examples
    --------
    >>> import xarray as xr
    >>> count_verdicts(xr.Dataset({"verdict": ("quantity", ["confirmed", "undecided"])}))
    {'confirmed': 1, 'refuted': 0, 'undecided': 1}
    """
    found = np.asarray(checked.verdict.values).astype(str)
    return {verdict: int((found == verdict).sum()) for verdict in VERDICTS}
