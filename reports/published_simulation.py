"""Published order parameters beside the theory and low-temperature simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reports import page
from reports.comparison import with_error
from reports.page import number
from reports.published import PUBLISHED
from validation.ensemble import mean_and_error
from validation.network_errors import extrapolate_networks
from validation.verdicts import Judgement, judge

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr

READING_ERROR = 0.003
"""Assumed error of a value read by eye from a published figure."""
COLD = 1e-4
"""Temperature of the published values."""


@dataclass(frozen=True)
class ColdValue:
    """Quantity simulated at low temperature for a published parameter pair.

    Parameters
    ----------
    gamma, temperature : float
        Of the simulation.
    theory : float
        Of the theory at that temperature.
    theory_cold : float
        Of the theory at 1e-4, the temperature of the published values.
    simulation, error : float
        Simulated value, extrapolated to infinite size, and its standard error.
    degrees : float
        Degrees of freedom of the error.
    extrapolated, mixed : bool
        Whether the limit of infinite size was reached, and whether chains forgot their starts.
    name : {"q", "(Q/q)²"}
        Q is tested by its square: the mean overlap of two states vanishes by symmetry in every
        finite network, its mean square does not.
    g : float
    """

    gamma: float
    temperature: float
    theory: float
    theory_cold: float
    simulation: float
    error: float
    degrees: float
    extrapolated: bool = True
    mixed: bool = True
    name: str = "q"
    g: float = 1.2

    @property
    def published(self) -> tuple[float, float] | None:
        """Published value and the assumed error of reading it; None if there is none."""
        for published in PUBLISHED:
            if (published.g, published.gamma) == (self.g, self.gamma):
                q, Q = published.values["q"], published.values["Q"]
                if self.name == "q":
                    return q, READING_ERROR
                square = (Q / q) ** 2
                return square, 2 * square * READING_ERROR * math.hypot(1 / q, 1 / Q)
        return None

    def judge_theory(self) -> Judgement:
        """Judge the theory at the temperature of the simulation."""
        return judge(
            self.theory,
            self.simulation,
            self.error,
            degrees=self.degrees,
            mixed=self.mixed,
            extrapolated=self.extrapolated,
            scale=None if self.name == "q" else 1.0,
        )

    def judge_published(self) -> Judgement | None:
        """Judge the published value by the simulation, allowing for the change with temperature."""
        if self.published is None:
            return None
        value, reading = self.published
        return judge(
            value,
            self.simulation,
            self.error,
            degrees=self.degrees,
            mixed=self.mixed,
            extrapolated=self.extrapolated,
            theory_error=math.hypot(reading, self.theory - self.theory_cold),
        )


def cold_values(tempered: xr.Dataset, cold: xr.Dataset) -> list[ColdValue]:
    """Read q and the square of Q/q at the lowest temperature of a tempered line.

    Parameters
    ----------
    tempered : xarray.Dataset
        From `validation.cold.validate_cold`.
    cold : xarray.Dataset
        Of `numerics.solve` at the temperature 1e-4.

    Returns
    -------
    list of ColdValue
    """
    at = coldest(tempered)
    common: dict[str, Any] = {
        "g": float(at.g),
        "gamma": float(at.gamma),
        "temperature": float(at.temperature),
        "mixed": bool(at.mixed),
    }
    q, Q = at.sel(quantity="q"), at.sel(quantity="Q")
    networks = at.r_hat.count("network").values
    square, _, degrees = extrapolate_networks(at["size"].values, *overlap_ratio(at), networks)
    return [
        ColdValue(
            theory=float(q.theory),
            theory_cold=float(cold.q),
            simulation=float(q.simulation),
            error=float(q.standard_error),
            degrees=float(q.degrees),
            extrapolated=bool(q.extrapolated),
            **common,
        ),
        ColdValue(
            theory=float(Q.theory / q.theory) ** 2,
            theory_cold=float(cold.Q / cold.q) ** 2,
            simulation=square.value,
            error=square.standard_error,
            degrees=degrees,
            # overlaps of states of a large network scatter as 1/N; if they do not yet, it is small
            extrapolated=square.decided and square.exponent + 2 * square.exponent_error > 1,
            name="(Q/q)²",
            **common,
        ),
    ]


def overlap_ratio(at: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Mean square of the overlap of two states in units of q, mean over networks and its error."""
    return mean_and_error((at.overlap_squared / at.value.sel(quantity="q") ** 2).values)


def coldest(tempered: xr.Dataset) -> xr.Dataset:
    """Select the lowest temperature."""
    return tempered.isel(temperature=int(np.argmin(tempered.temperature.values)))


def published_table(simulated: Iterable[ColdValue]) -> str:
    """Write the published values beside theory and simulation, and whether simulation has them.

    The published value stands for temperature 1e-4, the simulated one for a higher temperature;
    the change of the theory between the two is added to the published value as an error.

    Parameters
    ----------
    simulated : iterable of ColdValue

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> value = ColdValue(0.5, 0.001, 0.3170, 0.3161, 0.3168, 0.0030, degrees=20)
    >>> "refuted" in published_table([value])
    True
    """
    rows = []
    for value in simulated:
        judgement = value.judge_published()
        if judgement is None or value.published is None:
            continue
        theirs, reading = value.published
        rows.append(
            [
                f"{value.g:g}", f"{value.gamma:g}", value.name, number(value.temperature),
                number(value.theory, 5), number(value.theory_cold, 5),
                " ± ".join(with_error(value.simulation, value.error)),
                value.judge_theory().verdict, f"{theirs:.2g} ± {reading:.1g}", judgement.verdict,
                judgement.reason.replace("simulation - theory", "simulation - published"),
            ]
        )  # fmt: skip
    head = ["g", "γ", "quantity", "T", "theory at T", f"theory at T = {COLD:g}", "simulation at T"]
    head += ["verdict on the theory", "published", "verdict on the published value", "difference"]
    caption = (
        "Theory, simulation by parallel tempering extrapolated to N → ∞, and the published"
        f" value (arXiv 2401.10009, figures, T = {COLD:g}). It was read by eye; that this is exact"
        f" to ± {READING_ERROR:g} is an assumption. Verdicts are by the simulation; the change of"
        " the theory between the two temperatures is allowed for as an error of the published"
        " value. Q is tested by (Q/q)²: by the symmetry x → −x the mean overlap of two states is 0"
        " in every finite network, also where Q > 0, but its mean square tends to Q² as N → ∞, and"
        " to 0 like 1/N where Q = 0. Where it falls significantly more slowly than 1/N, networks"
        " are too small to take its limit: then nothing is refuted by it."
    )
    return page.table(head, rows, caption).replace("<table>", '<table class="words">')
