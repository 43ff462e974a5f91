"""The lines of a model's transitions and its unit of coupling, for figures, tables and words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp
import xarray as xr

import theory.ensembles
from numerics.critical_lines import random_field_transition
from reports.page import number
from theory.critical_lines import activity_onset, response_singularity
from theory.expressions import ModelError
from theory.quiescence import quiescent_state

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from theory.ensembles import RandomNetwork


@dataclass(frozen=True)
class EdgeLines:
    """Where the stable state of a model is lost and where its activity starts, at T = 0.

    Parameters
    ----------
    data : xarray.Dataset
        Over ``gamma``: ``response``, where the susceptibility of the one state diverges;
        ``onset``, where q starts from 0; ``rho``, the response of the quiescent state on the
        first line. NaN where there is none.
    labels : dict
        Legend of the lines that exist, by the name of the variable.
    sentences : list of str
        What holds for the model, and why something is missing.
    """

    data: xr.Dataset
    labels: dict[str, str]
    sentences: list[str]


def edge_lines(network: RandomNetwork, gammas: ArrayLike) -> EdgeLines:
    """Derive the lines of a model, or solve for them where there is no closed form.

    Parameters
    ----------
    network : RandomNetwork
    gammas : array_like
        Reciprocities.

    Returns
    -------
    EdgeLines

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> lines = edge_lines(RandomNetwork(transfer="tanh(2*x)"), [0.0, 0.25])
    >>> lines.data.response.values.tolist(), lines.data.rho.values.round(12).tolist()
    ([0.5, 0.4], [2.0, 2.5])
    """
    values = np.unique(np.asarray(gammas, dtype=float))
    columns = {name: np.full(len(values), np.nan) for name in ("response", "onset", "rho")}
    labels: dict[str, str] = {}
    try:
        line = response_singularity(network)
    except ModelError as error:
        sentences = _solve(network, values, columns, labels, str(error))
    else:
        columns["response"] = line.along(values)
        labels["response"] = f"response singularity, $T = 0$: ${sp.latex(line.condition)}$"
        sentences = [f"At T = 0 the susceptibility diverges at {text(line.condition)}."]
        if line.outlier is None:
            columns["rho"] = _rho(network, values, columns["response"])
        else:
            sentences.append(
                "The mean coupling makes mean activity grow where"
                f" {text(line.outlier.condition)}, as long as g < |mu|; the line drawn is the"
                " first that is reached."
            )
            lost = values[np.isnan(columns["response"])]
            if lost.size:
                sentences.append(
                    f"There is no line for gamma from {lost.min():.2g} to {lost.max():.2g}:"
                    f" {line.missing}."
                )
        try:
            onset = activity_onset(network)
        except ModelError as error:
            sentences.append(f"No line where q starts from 0 is known: {error}.")
        else:
            columns["onset"] = onset.along(values)
            labels["onset"] = f"onset of $q$, $T = 0$: ${sp.latex(onset.condition)}$"
            sentences.append(f"At T = 0 the activity q starts from 0 at {text(onset.condition)}.")
    titles = {
        "response": "g where the susceptibility of the state at T = 0 diverges",
        "onset": "g where q at T = 0 starts from 0",
        "rho": "response of the quiescent state on the line, T = 0",
    }
    data = xr.Dataset(
        {
            name: ("gamma", column, {"long_name": titles[name], "units": "1"})
            for name, column in columns.items()
        },
        {"gamma": ("gamma", values, {"long_name": "reciprocity gamma", "units": "1"})},
    )
    return EdgeLines(data, labels, sentences)


def _solve(
    network: RandomNetwork,
    values: np.ndarray,
    columns: dict[str, np.ndarray],
    labels: dict[str, str],
    refusal: str,
) -> list[str]:
    """Fill in the line of a single active state, from the static cavity equations."""
    # what a message recommends to callers of the function is no matter of the page
    refusal = refusal.partition(";")[0]
    sentences = [f"There is no line of a quiescent state: {refusal}."]
    try:
        found = random_field_transition(network, values).squeeze("field_std")
    except ModelError as error:
        return [*sentences, f"Nor is there one of a single active state: {error}."]
    columns["response"] = found.g.values
    solved = found.converged.values
    if solved.any():
        labels["response"] = "one state becomes unstable, $T = 0$ (static cavity equations)"
        sentences.append(
            "The line where a single active state becomes unstable at T = 0 is solved for, from"
            " the static cavity equations."
        )
    if not solved.all():
        first = int(np.argmin(solved))
        sentences.append(
            f"It is not found for {int((~solved).sum())} of {len(solved)} gamma, the first being"
            f" {values[first]:.2g}: {found.reason.values[first]}."
        )
    return sentences


def _rho(network: RandomNetwork, gammas: np.ndarray, couplings: np.ndarray) -> np.ndarray:
    """Response of the quiescent state on a line."""
    rho = quiescent_state(network).rho
    with np.errstate(all="ignore"):
        # on the line the root of the quadratic equation may be that of -1e-17
        values = sp.lambdify([theory.ensembles.g, theory.ensembles.gamma], rho)(
            couplings + 0j, gammas
        )
    return np.where(np.isfinite(couplings), np.real(values), np.nan)


@lru_cache(maxsize=16)
def coupling_unit(network: RandomNetwork) -> float:
    """The coupling strength on a model's own line at gamma = 0, to two digits; 1 without a line.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> coupling_unit(RandomNetwork()), coupling_unit(RandomNetwork(transfer="tanh(3*x)"))
    (1.0, 0.33)
    """
    try:
        unit = float(response_singularity(network).condition.rhs)
    except ModelError:
        try:
            unit = float(random_field_transition(network).g.item())
        except ModelError:
            unit = np.nan
    return float(f"{unit:.2g}") if np.isfinite(unit) else 1.0


def text(equation: sp.Eq) -> str:
    """Write an equation in a sentence.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> text(response_singularity(RandomNetwork()).condition)
    'g (gamma + 1) = 1'
    """
    return f"{equation.lhs} = {equation.rhs}".replace("**", "^").replace("*", " ")


def line_cells(lines: EdgeLines, gamma: float) -> list[str]:
    """Numbers of the line of the response at one gamma, for a table."""
    at = lines.data.sel(gamma=gamma)
    return [number(float(at.response), 4), number(float(at.rho), 4)]
