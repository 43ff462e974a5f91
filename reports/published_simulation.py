"""Published order parameters beside the theory and low-temperature simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.comparison import with_error
from reports.page import number, table
from reports.published import PUBLISHED
from validation.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr

READING_ERROR = 0.003
"""How well a value can be read by eye from a published figure."""


@dataclass(frozen=True)
class ColdValue:
    """Overlap q simulated at low temperature for a published parameter pair.

    Parameters
    ----------
    gamma, temperature : float
        Of the simulation.
    theory : float
        q of the theory at that temperature.
    theory_cold : float
        q of the theory at 1e-4, the temperature of the published values.
    simulation, error : float
        Simulated q, extrapolated to infinite size, and its standard error.
    degrees : float
        Degrees of freedom of the error.
    extrapolated, mixed : bool
        Whether the limit of infinite size was reached, and whether chains forgot their starts.
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


def cold_values(tempered: xr.Dataset, theory_cold: Iterable[float]) -> list[ColdValue]:
    """Read the coldest q of several values of gamma from one dataset.

    Parameters
    ----------
    tempered : xarray.Dataset
        From `validation.cold.validate_cold`, concatenated along ``gamma``.
    theory_cold : iterable of float
        q of the theory at temperature 1e-4, for every gamma.

    Returns
    -------
    list of ColdValue
    """
    coldest = tempered.isel(temperature=int(np.argmin(tempered.temperature.values)))
    coldest = coldest.sel(quantity="q")
    found = []
    for k, cold in enumerate(theory_cold):
        at = coldest.isel(gamma=k)
        found.append(
            ColdValue(
                gamma=float(at.gamma),
                temperature=float(at.temperature),
                theory=float(at.theory),
                theory_cold=cold,
                simulation=float(at.simulation),
                error=float(at.standard_error),
                degrees=at.sizes["size"] * (at.sizes["network"] - 1),
                extrapolated=bool(np.isfinite(at.exponent)),
                mixed=bool(at.mixed),
            )
        )
    return found


def published_table(simulated: Iterable[ColdValue]) -> str:
    """Write the published q beside theory and simulation, and whether simulation confirms it.

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
        for published in PUBLISHED:
            if published.gamma != value.gamma:
                continue
            theirs = published.values["q"]
            judgement = judge(
                theirs,
                value.simulation,
                value.error,
                degrees=value.degrees,
                mixed=value.mixed,
                extrapolated=value.extrapolated,
                theory_error=float(np.hypot(READING_ERROR, value.theory - value.theory_cold)),
            )
            rows.append(
                [
                    f"{value.gamma:g}", f"{published.g:g}", number(value.temperature),
                    number(value.theory, 5), number(value.theory_cold, 5),
                    " ± ".join(with_error(value.simulation, value.error)),
                    number(theirs), judgement.verdict,
                ]
            )  # fmt: skip
    head = ["γ", "g", "T", "theory at T", "theory at T = 1e-4", "simulation at T, N → ∞"]
    caption = (
        "Overlap q: theory, simulation by parallel tempering, and the published value, which is"
        f" read by eye from a figure for T = 1e-4 (± {READING_ERROR:g}). The verdict is the"
        " published value's against the simulation, allowing for the change of q with temperature."
    )
    return table([*head, "published", "verdict on the published value"], rows, caption)
