"""The section of the validation report on the original dynamics: tables and words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reports import page
from reports.comparison import with_error
from reports.dynamics_figure import NAMES
from reports.page import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import xarray as xr

    from reports.dynamics_figure import Attractor

CAPTION = (
    "Dynamics without noise, one row for every g. Left: largest Lyapunov exponent λ of single"
    " networks and its mean against 1/N. Middle: Δ(0) = ⟨x²⟩, ⟨c²⟩ and ⟨ẋ²⟩, means over networks in"
    " units of their mean-field values. Open symbols at 1/N = 0 are extrapolated, where networks of"
    " the largest size are chaotic. Right: fraction of networks whose exponent is significantly"
    " positive. Error bars are one standard error."
)


def describe_chaos(directory: Path, attractors: Sequence[Attractor]) -> str:
    """Write the tables of the dynamics, with sentences on what they show.

    Parameters
    ----------
    directory : pathlib.Path
        Holds the figure ``chaos``.
    attractors : sequence of Attractor

    Returns
    -------
    str
        HTML.
    """
    compared = [attractor for attractor in attractors if attractor.limits is not None]
    written = [_sizes_table(attractor) for attractor in attractors]
    sentences = [_sentence(attractor) for attractor in attractors]
    drawn = page.figure(directory, "chaos", CAPTION)
    limits = _limits_table(compared) if compared else ""
    return "\n".join([page.items(sentences), limits, drawn, *written])


def _sizes_table(attractor: Attractor) -> str:
    chaos, mean_field = attractor.chaos, attractor.mean_field
    names = [name for name in NAMES if f"{name}_mean" in chaos]
    rows = []
    for k, size in enumerate(chaos["size"].values):
        at = chaos.isel(size=k)
        cells = [
            " ± ".join(with_error(float(at[f"{name}_mean"]), float(at[f"{name}_mean_error"])))
            for name in names
        ]
        rows.append([str(size), *cells, number(float(at.chaotic_fraction), 3), _word(at)])
    if mean_field:
        limit = [number(mean_field.get(name, np.nan), 5) for name in names]
        rows.append(["mean field, N → ∞", *limit, "–", "–"])
    settings = chaos.attrs
    caption = (
        f"Dynamics without noise at g = {settings['g']:g}, γ = {settings['gamma']:g}:"
        f" means over {chaos.sizes['network']} networks and {chaos.sizes['chain']} trajectories"
        f" each, of duration {settings['duration']:g} after {settings['transient']:g}, in units of"
        f" the single-unit time constant; seed {settings['seed']}."
    )
    head = ["N", *(NAMES[name] for name in names), "chaotic fraction", "networks are"]
    return page.table(head, rows, caption)


def _limits_table(attractors: Sequence[Attractor]) -> str:
    rows = []
    for attractor in attractors:
        limits = attractor.limits
        assert limits is not None
        for name in limits["quantity"].values:
            at = limits.sel(quantity=name)
            value = with_error(float(at.simulation), float(at.standard_error))
            power = f"{number(float(at.exponent), 2)} ± {number(float(at.exponent_error), 1)}"
            rows.append(
                [
                    f"{attractor.chaos.attrs['g']:g}", NAMES[name], number(float(at.theory), 5),
                    " ± ".join(value), number(float(at.z), 3), power, str(at.verdict.values),
                    str(at.reason.values),
                ]
            )  # fmt: skip
    caption = (
        "Dynamics without noise, γ = 0: mean field of the stationary chaotic state (Sompolinsky,"
        " Crisanti & Sommers 1988) against networks, extrapolated to N → ∞ with an unknown power of"
        " N, see validation.finite_size.extrapolate. These are values on the attractor of the"
        " dynamics, not averages over the measure of the quasi-potential: the two differ."
    )
    head = ["g", "quantity", "mean field", "simulation, N → ∞", "z", "power of 1/N", "verdict"]
    written = page.table([*head, "reason"], rows, caption)
    return written.replace("<table>", '<table class="words">')


def _word(at: xr.Dataset) -> str:
    return str(at.verdict.values).replace("undecided at this size", "undecided at these sizes")


def _sentence(attractor: Attractor) -> str:
    """Say in words what the largest sizes show."""
    chaos = attractor.chaos
    where = f"g = {chaos.attrs['g']:g}: "
    words = {_word(chaos.isel(size=k)) for k in range(chaos.sizes["size"])}
    largest = int(chaos["size"].max())
    at = chaos.sel(size=largest)
    last = _word(at)
    if len(words) == 1 and "undecided" not in last:
        return f"{where}networks of all sizes shown are {last}."
    if "undecided" not in last:
        return f"{where}networks of N = {largest} are {last}; smaller ones differ."
    share = float(at.chaotic_fraction)
    found = (
        f"{where}whether networks are chaotic is undecided at these sizes: at the largest,"
        f" N = {largest}, {share:.0%} of the networks have an exponent that is significantly"
        " positive"
    )
    if np.isfinite(limit := attractor.mean_field.get("exponent", np.nan)):
        mean = with_error(float(at.exponent_mean), float(at.exponent_mean_error))
        found += (
            f", and its mean is {' ± '.join(mean)} where the mean field has {limit:.3g} for N → ∞."
            " The others are at fixed points, on limit cycles, or chaotic too weakly to tell; the"
            " mean field is about chaos alone, so that nothing is extrapolated"
        )
    return f"{found}."
