"""Section that puts the numbers of the paper's figures beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.solve import solve
from reports import page
from reports.page import number
from reports.published import published_values
from reports.sections import Section, refused
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork

TEMPERATURE = 1e-4
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
    rows, theirs, ours = [], [], []
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
