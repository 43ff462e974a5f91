"""Longer studies of the validation report: low temperature, and the dynamics itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numerics.solve import solve
from numerics.stationary import StationaryChaos
from reports.comparison import describe_unconfirmed
from reports.dynamics_figure import Attractor, chaos_data, draw_chaos
from reports.dynamics_section import describe_chaos
from reports.extra_studies import STUDIES
from reports.published import PUBLISHED
from reports.published_section import describe_published, draw_published, published_data
from reports.published_simulation import COLD, ColdValue, cold_values, coldest
from reports.stability_section import (
    Crossing,
    describe_stability,
    draw_stability,
    stability_data,
)
from theory.ensembles import RandomNetwork
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric
from validation.chaos import chaos_against_size
from validation.cold import validate_cold
from validation.limits import (
    attractor_limits,
    crossing_limit,
    mean_field_errors,
    mean_field_values,
    stability_edge,
)
from validation.quiescence import quiescent_stability

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import xarray as xr
    from matplotlib.figure import Figure

    from reports.extra_studies import Chaos, Cold, Stability, Studies

    Progress = Callable[[str], Callable[[int, int], None]]

BRACKET = (0.5, 1.0, 2.0)
"""Couplings among which the loss of stability is sought, in units of that of infinite N."""


@dataclass(frozen=True)
class Extras:
    """Results of the longer studies, shown by the report if they are given.

    Parameters
    ----------
    tempered : sequence of xarray.Dataset, optional
        From `validation.cold.validate_cold`, one for every gamma.
    cold : sequence of ColdValue, optional
        Of these, to be compared with published values.
    chaos : sequence of Attractor, optional
        Of the original dynamics, one for every g.
    stability : sequence of Crossing, optional
        Loss of stability of x = 0, one for every gamma.
    failed : sequence of str, optional
        One line for every study that could not be done.
    """

    tempered: Sequence[xr.Dataset] = ()
    cold: Sequence[ColdValue] = ()
    chaos: Sequence[Attractor] = ()
    stability: Sequence[Crossing] = ()
    failed: Sequence[str] = ()

    def figures(self) -> dict[str, tuple[Figure, xr.Dataset]]:
        """Figures with their numbers, by the name of their files."""
        found = {}
        if self.tempered:
            drawn = draw_published(self.tempered, self.cold)
            found["published"] = drawn, published_data(self.tempered, self.cold)
        if self.chaos:
            found["chaos"] = draw_chaos(self.chaos), chaos_data(self.chaos)
        if self.stability:
            found["stability"] = draw_stability(self.stability), stability_data(self.stability)
        return found

    def sections(self, directory: Path) -> dict[str, str]:
        """Headings and HTML of what is given.

        Parameters
        ----------
        directory : pathlib.Path
            Holds the files of `figures` already.
        """
        written = {}
        if self.tempered:
            written["Published values"] = describe_published(directory, self.tempered, self.cold)
        if self.chaos:
            written["Original dynamics: chaos"] = describe_chaos(directory, self.chaos)
        if self.stability:
            found = describe_stability(directory, self.stability)
            written["Original dynamics: stability of x = 0"] = found
        return written

    def problems(self) -> list[str]:
        """One line for everything that simulation refutes or leaves undecided."""
        compared = [
            (f"dynamics at g = {attractor.chaos.attrs['g']:g}", attractor.limits)
            for attractor in self.chaos
            if attractor.limits is not None
        ]
        compared += [
            (f"stability of x = 0, gamma = {crossing.gamma:g}", crossing.limits)
            for crossing in self.stability
        ]
        lines = list(self.failed)
        lines += [
            f"{where}: {name} is {at.verdict.item()}: {at.reason.item()}"
            for where, limits in compared
            for name in limits["quantity"].values
            if (at := limits.sel(quantity=name)).verdict != "confirmed"
        ]
        lines += [
            f"dynamics at g = {attractor.chaos.attrs['g']:g}: undecided whether it is chaotic"
            for attractor in self.chaos
            if attractor.limits is None
        ]
        for value in self.cold:
            judgement = value.judge_published()
            if judgement is not None and judgement.verdict == "undecided":
                where = f"published {value.name} at gamma = {value.gamma:g}"
                lines.append(f"{where} is undecided: {judgement.reason}")
        for line in self.tempered:
            at = coldest(line)
            where = f"tempered, g = {float(at.g):g}, gamma = {float(at.gamma):g}"
            where += f", T = {float(at.temperature):g}"
            lines += [f"{where}: {found}" for found in describe_unconfirmed(at)]
        return lines


def compute_extras(
    studies: Studies = STUDIES,
    *,
    seed: int = 0,
    threads: int = 1,
    directory: Path | None = None,
    progress: Progress | None = None,
) -> Extras:
    """Simulate what the report shows beside its points, for tanh networks.

    Parameters
    ----------
    studies : Studies
    seed : int
        Of the report; every study makes a seed of its own of it.
    threads : int
        Networks simulated side by side.
    directory : pathlib.Path, optional
        Where finished networks are kept, as for `validation.validate`.
    progress : callable, optional
        Takes the name of a task, gives a function of work done and its total.

    Returns
    -------
    Extras
    """
    network = RandomNetwork()
    failed: list[str] = []

    def attempt(simulate: Callable[..., Any], study: Cold | Chaos | Stability) -> list[Any]:
        options = {
            "seed": 1000 * seed + study.number, "threads": threads, "directory": directory,
            "progress": progress(study.name) if progress else None,
        }  # fmt: skip
        try:
            return [simulate(network, study, options)]
        except ModelError as error:  # the other studies are worth showing
            failed.append(f"{study.name}: {error}")
            return []

    cold = [found for study in studies.cold for found in attempt(_temper, study)]
    return Extras(
        tempered=[line for line, _ in cold],
        cold=[value for _, values in cold for value in values],
        chaos=[found for study in studies.chaos for found in attempt(_chaos, study)],
        stability=[found for study in studies.stability for found in attempt(_stability, study)],
        failed=failed,
    )


def _temper(
    network: RandomNetwork, line: Cold, options: dict[str, Any]
) -> tuple[xr.Dataset, list[ColdValue]]:
    [g] = [published.g for published in PUBLISHED if published.gamma == line.gamma]
    phases = solve(replica_symmetric(network), g, line.gamma, [COLD, *line.temperatures]).squeeze()
    checked = validate_cold(
        network, phases.sel(temperature=list(line.temperatures)), size=line.size,
        networks=line.networks, tempering=line.tempering, **options,
    )  # fmt: skip
    return checked, cold_values(checked, phases.sel(temperature=COLD))


def _chaos(network: RandomNetwork, study: Chaos, options: dict[str, Any]) -> Attractor:
    found = chaos_against_size(
        network, study.g, 0.0, study.size, study.networks, chains=study.chains,
        duration=study.duration, transient=study.transient, step=study.step, **options,
    )  # fmt: skip
    state = StationaryChaos(network, study.g)
    # elsewhere networks are on other attractors, which the mean field is not about
    chaotic = found.verdict.sel(size=max(study.size)).item() == "chaotic"
    limits = attractor_limits(found, state) if chaotic else None
    return Attractor(found, mean_field_values(state), limits, mean_field_errors(state))


def _stability(network: RandomNetwork, study: Stability, options: dict[str, Any]) -> Crossing:
    bracket = [part * stability_edge(network, study.gamma) for part in BRACKET]
    found = quiescent_stability(
        network, bracket, study.gamma, study.size, study.networks, **options
    )
    return Crossing(found, crossing_limit(found, network))
