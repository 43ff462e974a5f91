"""The few simulated points that the edge-of-chaos report shows on its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.comparison import count_verdicts, describe_unconfirmed, split
from reports.edge_lines import coupling_unit
from reports.validation import compute
from reports.validation_points import Effort, Point
from theory.expressions import ModelError
from validation.sampling import Sampling

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from theory.ensembles import RandomNetwork

MODERATE = 0.1
"""Temperature of the lines against g with simulated points: chains mix there in a short time."""
EFFORT = Effort(
    size=(100, 200, 400),
    networks=4,
    sampling=Sampling(chains=4, draws=60, warmup=40, doublings=2, integration_time=5.0),
)
_GAMMAS = (0.0, 0.5)
# g in units of the model's line
_PLACES = ((0.5, MODERATE), (0.8, MODERATE), (1.2, MODERATE), (1.2, 0.3))


def simulate_edge(
    network: RandomNetwork,
    *,
    effort: Effort = EFFORT,
    threads: int = 1,
    progress: Callable[[str], Callable[[int, int], None]] | None = None,
) -> xr.Dataset | None:
    """Simulate a few points of the lines of the report.

    Parameters
    ----------
    network : RandomNetwork
    effort : Effort
    threads : int
    progress : callable, optional
        As in `reports.validation.compute`.

    Returns
    -------
    xarray.Dataset or None
        As of `reports.validation.compute`; None if the model cannot be simulated.
    """
    unit = coupling_unit(network)
    places = [
        (round(g * unit, 12), gamma, temperature) for gamma in _GAMMAS for g, temperature in _PLACES
    ]
    points = [Point(network, *place, number) for number, place in enumerate(places, start=1)]
    try:
        return compute(points, effort, threads=threads, progress=progress)[0]
    except ModelError:
        return None


def describe_simulated(simulated: xr.Dataset | None) -> list[str]:
    """Say in a sentence what the simulated points show.

    Parameters
    ----------
    simulated : xarray.Dataset or None

    Returns
    -------
    list of str
        Empty if nothing was simulated.
    """
    if simulated is None:
        return []
    counts = ", ".join(f"{count} {name}" for name, count in count_verdicts(simulated).items())
    drawn = simulated.r_hat.isel(point=0).count("network").values
    sizes = ", ".join(map(str, simulated["size"].values))
    return [
        f"{simulated.sizes['point']} points were simulated with {', '.join(map(str, drawn))}"
        f" networks of the sizes N = {sizes}: {counts}. Errors of so few networks are large;"
        " restpoint report validation does this at more points and with more networks."
    ]


def refuted(simulated: xr.Dataset | None) -> list[str]:
    """List what the simulation refutes; undecided is what so few networks may well leave."""
    if simulated is None:
        return []
    return [
        f"g = {float(part.g):g}, gamma = {float(part.gamma):g},"
        f" T = {float(part.temperature):g}: {line}"
        for part in split(simulated)
        for line in describe_unconfirmed(part)
        if " is refuted: " in line
    ]
