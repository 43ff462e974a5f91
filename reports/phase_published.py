"""Section that puts the numbers of the paper's figures beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.cavity import solve_cavity
from numerics.solve import solve
from reports import page
from reports.page import number
from reports.published import published_values
from reports.sections import Section, refused
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from reports.published import PublishedValue
    from theory.ensembles import RandomNetwork

TEMPERATURE = 1e-4
PUBLISHED_PLATEAU = 38.0
"""Susceptibility at T = 0 and gamma = 0, by eye from the paper's figure."""
READING = 0.003
"""How well a value is taken to be read by eye from a figure; an assumption."""


def published_section(network: RandomNetwork) -> Section:
    """Compare the published order parameters with solved ones.

    Parameters
    ----------
    network : RandomNetwork

    Returns
    -------
    Section
        Without numbers if nothing is published for the model.
    """
    key, heading = "published", "Published numbers"
    published = published_values(network)
    if not published:
        return refused(key, heading, "nothing is published for it")
    rows: list[list[str]] = []
    theirs, ours = [], []
    for value in published:
        point = solve(replica_symmetric(network), value.g, value.gamma, TEMPERATURE).squeeze()
        for name, published_number in value.values.items():
            solved = float(point[name])
            agrees = abs(solved - published_number) <= READING
            verdict = "reproduced" if agrees else "did not reproduce"
            rows.append(
                [
                    f"{value.gamma:g}", f"{value.g:g}", name, number(published_number),
                    number(solved), number(float(point.replicon), 3), verdict,
                ]
            )  # fmt: skip
        theirs.append([value.values[name] for name in ("q", "Q")])
        ours.append([float(point[name]) for name in ("q", "Q")])
    caption = (
        f"Order parameters at T = {TEMPERATURE:g}: read by eye from the figures of arXiv 2401.10009"
        f" (taken to be good to {READING:g}, an assumption), and solved to ten digits here."
        " The replicon is positive: replica symmetry is stable at these points. What simulation"
        " says is in the validation report (restpoint report validation)."
    )
    head = ["γ", "g", "quantity", "published", "solved", "replicon", "verdict"]
    words = [
        "The published values come from Monte Carlo integrals with a loose stopping rule. Why they"
        " differ is not established; candidates are the bias of the mean of a squared noisy ratio,"
        " which makes Q too large, and early stopping."
    ]
    words += _further(network, published)
    data = xr.Dataset(
        {
            "published": (("gamma", "quantity"), np.array(theirs)),
            "solved": (("gamma", "quantity"), np.array(ours)),
        },
        {"gamma": [value.gamma for value in published], "quantity": ["q", "Q"]},
    )
    for variable, long_name in (("published", "read from a figure"), ("solved", "solved here")):
        data[variable].attrs = {"long_name": f"overlap, {long_name}", "units": "1"}
    html = page.table(head, rows, caption) + page.items(words)
    return Section(key, heading, html, data={"published": data})


def _further(network: RandomNetwork, published: list[PublishedValue]) -> list[str]:
    """Say what of the paper's other statements holds, in numbers."""
    lines = []
    for value in published:
        point = solve(replica_symmetric(network), value.g, value.gamma, TEMPERATURE).squeeze()
        ratio = float(point.energy) / (TEMPERATURE / 2)
        lines.append(f"{number(ratio, 6)} at gamma = {value.gamma:g}")
    cavity = solve_cavity(network, published[0].g, 0.0).squeeze()
    return [
        f"Energy per unit over T/2 at T = {TEMPERATURE:g}, published as 1: {', '.join(lines)}."
        " Reproduced where the ratio is 1 within what can be read from a figure.",
        "The response has its peak at the line of the response singularity for gamma > 0, as"
        " published: reproduced (see critical lines).",
        f"Susceptibility (q - Q)/T of a single state for T → 0, published as a plateau of about"
        f" {PUBLISHED_PLATEAU:g} at gamma = 0: here chi = {number(float(cavity.chi), 4)} at"
        f" g = {published[0].g:g}, from g^2 D = {number(float(cavity.g2D), 6)}. A negative chi"
        " means that the single-state ansatz is not self-consistent: did not reproduce.",
    ]
