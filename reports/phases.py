"""The phases report: transitions, stability and the ensembles of steady states of a network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

from numerics.provenance import provenance
from reports.phase_breaking import breaking_section
from reports.phase_coexistence import coexistence_section
from reports.phase_dynamics import dynamics_section
from reports.phase_ensembles import ensembles_section
from reports.phase_fixed_points import fixed_points_section
from reports.phase_lines import lines_section
from reports.phase_maps import maps_section
from reports.phase_published import published_section
from reports.provenance import provenance_table
from reports.sections import Section, write_sections
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reports.chosen import Chosen
    from theory.ensembles import RandomNetwork

    Progress = Callable[[str], Callable[[int, int], None]]


@dataclass(frozen=True)
class Effort:
    """How fine the report is.

    Parameters
    ----------
    map_points, line_points : int
        Along an axis of the maps, along the line of broken symmetry.
    size, networks : int
        Of the simulated networks without noise.
    noisy_size : int
        Of those with noise.
    trajectories : int
        Effective units of the two-time mean field.
    searched : tuple of int
        Sizes of the networks in which fixed points are searched.
    starts : int
        Of the searches in each of them.
    """

    map_points: int
    line_points: int
    size: int
    networks: int
    noisy_size: int
    trajectories: int
    searched: tuple[int, ...]
    starts: int


FULL = Effort(60, 21, 500, 6, 2000, 50_000, (100, 200), 12)
QUICK = Effort(18, 6, 100, 3, 200, 10_000, (50,), 6)


def make_report(
    network: RandomNetwork,
    directory: Path,
    *,
    effort: Effort = FULL,
    chosen: Chosen | None = None,
    seed: int = 0,
    threads: int = 1,
    progress: Progress | None = None,
) -> list[str]:
    """Compute, draw and write the whole report.

    Parameters
    ----------
    network : RandomNetwork
    directory : pathlib.Path
        Exists; gets netCDF files, figures and ``index.html``.
    effort : Effort
    chosen : Chosen, optional
        Points and accuracy of the phase diagram; other sections go along the transitions.
    seed : int
        Of the simulated networks.
    threads : int
    progress : callable, optional
        Takes the name of a task, gives a function of parts done and their total.

    Returns
    -------
    list of str
        What did not converge, one line each.
    """

    def shown(task: str) -> Callable[[int, int], None] | None:
        return progress(task) if progress else None

    studies: list[Callable[[], Section]] = [
        partial(lines_section, network),
        partial(
            maps_section, network, points=effort.map_points, chosen=chosen, threads=threads,
            progress=shown("phase diagram"),
        ),
        partial(coexistence_section, network),
        partial(breaking_section, network, points=effort.line_points),
        partial(
            ensembles_section, network, size=effort.size, networks=effort.networks, seed=seed,
            threads=threads, progress=shown("networks"),
        ),
        partial(
            fixed_points_section, network, sizes=effort.searched, networks=effort.networks,
            starts=effort.starts, seed=seed, threads=threads,
            progress=shown("searches of fixed points"),
        ),
        partial(
            dynamics_section, network, trajectories=effort.trajectories, size=effort.noisy_size,
            seed=seed, threads=threads, progress=shown("noisy networks"),
        ),
        partial(published_section, network),
    ]  # fmt: skip
    record = provenance(replica_symmetric(network), seed=seed, **asdict(effort))
    studies.append(lambda: Section("provenance", "Provenance", provenance_table(record)))
    return write_sections("Phases", directory, studies, shown("sections"))
