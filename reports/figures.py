"""What the figures of all reports have in common: symbols, colours, line styles, legends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

SYMBOLS = {
    "g": "$g$",
    "gamma": r"$\gamma$",
    "temperature": "$T$",
    "q": "$q$",
    "Q": "$Q$",
    "rho": r"$\rho$",
    "P": "$P$",
    "m": "$m$",
    "energy": "$E/N$",
    "x_squared": r"$\mathrm{E}\langle x^2\rangle$",
}
"""How the literature writes a variable or coordinate, for axis labels."""

SIMULATED = r"simulation, $N \to \infty$"
"""Legend of simulated values extrapolated to infinite size."""
UNSTABLE = "replica symmetry unstable (replicon < 0)"
_UNSTABLE_LINE = "unstable where replicon < 0"


def make_figure(rows: int, columns: int, width: float = 9.0, height: float = 6.6) -> Figure:
    """Make a figure with a grid of axes, ``figure.axes`` in reading order.

    Parameters
    ----------
    rows, columns : int
    width, height : float
        In inches.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> len(make_figure(2, 2).axes)
    4
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    for axes in np.ravel(figure.subplots(rows, columns)):
        axes.grid(visible=True, color="0.9", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def label_axes(axes: Axes, horizontal: str, vertical: str) -> None:
    """Label both axes by the symbols of the variables they show.

    Examples
    --------
    >>> axes = make_figure(1, 1).axes[0]
    >>> label_axes(axes, "g", "q")
    >>> axes.get_xlabel()
    '$g$'
    """
    axes.set_xlabel(SYMBOLS.get(horizontal, horizontal))
    axes.set_ylabel(SYMBOLS.get(vertical, vertical))


def style_of(gamma: float) -> dict[str, Any]:
    """Line colour and dashes for a reciprocity, the same in every figure.

    Parameters
    ----------
    gamma : float
        Negative values are dashed: replica symmetry is unstable on a part of these lines.

    Returns
    -------
    dict
        Keyword arguments of ``Axes.plot``.

    Examples
    --------
    >>> style_of(-0.2)["linestyle"], style_of(0.5)["linestyle"]
    ('--', '-')
    """
    place = float(np.clip(abs(gamma), 0, 0.9))
    # of the second map the middle, as its ends are near black and near white
    colour = mpl.colormaps["viridis"](place) if gamma >= 0 else mpl.colormaps["RdPu"](1 - place / 2)
    return {
        "color": colour,
        "linestyle": "--" if gamma < 0 else "-",
        "linewidth": 1.6,
    }


def draw_lines(axes: Axes, horizontal: ArrayLike, lines: Sequence[tuple[float, ArrayLike]]) -> None:
    """Draw one line per reciprocity; where there is no solution, and at jumps, there is no line.

    A solved point between two that are not is drawn as a dot, or it would vanish.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    horizontal : array_like
    lines : sequence of (gamma, values)
    """
    for gamma, line in lines:
        values = np.asarray(line, dtype=float)
        style = style_of(gamma)
        place, height = broken_at_jumps(np.asarray(horizontal, dtype=float), values)
        axes.plot(place, height, label=rf"$\gamma = {gamma:g}$", **style)
        solved = np.concatenate([[False], np.isfinite(values), [False]])
        alone = solved[1:-1] & ~solved[:-2] & ~solved[2:]
        if alone.any():
            where = np.asarray(horizontal)[alone]
            axes.plot(where, values[alone], ".", color=style["color"], markersize=4)


def broken_at_jumps(horizontal: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put NaN between two neighbours where a line jumps from one branch to another.

    Parameters
    ----------
    horizontal, values : ndarray

    Returns
    -------
    horizontal, values : ndarray
        With one more point for every jump: a step four times those beside it, more than a
        twentieth of the whole range, and more than rounding.

    Examples
    --------
    >>> broken_at_jumps(np.arange(6.0), np.array([0.0, 0.01, 0.02, 0.9, 0.91, 0.92]))[1]
    array([0.  , 0.01, 0.02,  nan, 0.9 , 0.91, 0.92])
    """
    steps = np.abs(np.diff(values))
    if len(steps) < 3 or not np.isfinite(values).any():
        return horizontal, values
    # a constant differs from itself by rounding
    large = max(0.05 * (np.nanmax(values) - np.nanmin(values)), 1e-6 * np.nanmax(np.abs(values)))
    beside = np.maximum(np.append(steps[1:], np.inf), np.append(np.inf, steps[:-1]))
    jumps = np.flatnonzero((steps > large) & (steps > 4 * beside)) + 1
    middle = (horizontal[jumps - 1] + horizontal[jumps]) / 2
    return np.insert(horizontal, jumps, middle), np.insert(values, jumps, np.nan)


def draw_simulated(
    axes: Axes, place: ArrayLike, value: ArrayLike, error: ArrayLike, gamma: float
) -> None:
    """Draw extrapolated values with error bars in the colour of their reciprocity.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    place, value, error : array_like
    gamma : float
    """
    look: dict[str, Any] = {"markeredgecolor": "black", "markeredgewidth": 0.6, "markersize": 5}
    axes.errorbar(
        place, value, error, fmt="o", color=style_of(gamma)["color"], ecolor="black",
        elinewidth=1, capsize=2.5, zorder=4, **look,
    )  # fmt: skip
    # one legend entry stands for the points of all colours
    if SIMULATED not in axes.get_legend_handles_labels()[1]:
        axes.plot([], [], "o", color="0.8", label=SIMULATED, **look)


def legend_below(figure: Figure, columns: int = 6) -> None:
    """Put one legend of all lines of the figure below its axes, where it covers nothing.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    columns : int
    """
    entries: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if not entries:
        return
    figure.legend(
        list(entries.values()),
        [explain(label) for label in entries],
        loc="outside lower center",
        ncols=min(columns, len(entries)),
        frameon=False,
    )


def explain(label: str) -> str:
    r"""Add to the label of a negative reciprocity that the solution may be unstable.

    Examples
    --------
    >>> explain(r"$\gamma = -0.2$")
    '$\\gamma = -0.2$ (unstable where replicon < 0)'
    """
    return f"{label} ({_UNSTABLE_LINE})" if label.startswith(r"$\gamma = -") else label


def note(axes: Axes, text: str) -> None:
    """Write a remark into the upper left corner of the axes."""
    axes.text(
        0.03, 0.95, text, transform=axes.transAxes, va="top", ha="left", fontsize=9, color="0.35"
    )
