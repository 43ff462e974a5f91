"""Times against a size: measured in one run, as a dataset, a table and a figure with exponents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from reports import page
from reports.comparison import with_error
from reports.figures import make_figure
from reports.page import number
from reports.timing import Growth, alternate, fit_growth, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from reports.timing import Call

COLOURS = ("#1f5fa8", "#b8418a", "#3d8f5f", "#c98a1b", "#6b4fa3", "0.35")
MARKERS = "osD^vP"


def measure_growth(
    make: Callable[[int], Mapping[str, Call]],
    sizes: Sequence[int],
    repetitions: int,
    *,
    size_name: str = "N",
    size_meaning: str = "number of units N",
    least: float = 0.02,
) -> xr.Dataset:
    """Time several methods at several sizes.

    Parameters
    ----------
    make : callable
        Size to calls by the name of the method. A method may be missing at some sizes.
    sizes : sequence of int
    repetitions : int
    size_name, size_meaning : str
        Name of the dimension, and what it is.
    least : float
        As for `reports.timing.alternate`.

    Returns
    -------
    xarray.Dataset
        ``seconds`` over ``timed``, the method, the size and ``repetition``.

    Examples
    --------
    >>> data = measure_growth(lambda n: {"sum": lambda: sum(range(n))}, [10, 100], 3, least=0)
    >>> dict(data.seconds.sizes)
    {'timed': 1, 'N': 2, 'repetition': 3}
    """
    return growth_dataset(
        [alternate(make(size), repetitions, least=least) for size in sizes],
        sizes,
        size_name,
        size_meaning,
    )


def growth_dataset(
    measured: Sequence[Mapping[str, np.ndarray]],
    sizes: Sequence[int],
    size_name: str = "N",
    size_meaning: str = "number of units N",
) -> xr.Dataset:
    """Put measured seconds, one mapping per size, into a dataset; NaN where a method is missing.

    Parameters
    ----------
    measured : sequence of dict of str to ndarray
        As of `reports.timing.alternate`.
    sizes : sequence of int
    size_name, size_meaning : str

    Returns
    -------
    xarray.Dataset
        As of `measure_growth`.

    Examples
    --------
    >>> growth_dataset([{"a": np.ones(2)}, {"b": np.ones(2)}], [1, 2]).seconds[0, :, 0].values
    array([ 1., nan])
    """
    methods = list(dict.fromkeys(name for part in measured for name in part))
    repetitions = max(len(values) for part in measured for values in part.values())
    seconds = np.full((len(methods), len(sizes), repetitions), np.nan)
    for column, part in enumerate(measured):
        for name, values in part.items():
            seconds[methods.index(name), column, : len(values)] = values
    dims = ("timed", size_name, "repetition")
    return xr.Dataset(
        {"seconds": (dims, seconds, {"long_name": "wall time of one call", "units": "s"})},
        {
            "timed": ("timed", methods, {"long_name": "what was timed", "units": "1"}),
            size_name: (size_name, list(sizes), {"long_name": size_meaning, "units": "1"}),
            "repetition": (
                "repetition", np.arange(repetitions),
                {"long_name": "number of the repetition", "units": "1"},
            ),
        },
    )  # fmt: skip


def medians(data: xr.Dataset, method: str) -> np.ndarray:
    """Median seconds of a method by size."""
    return data.seconds.sel(timed=method).median("repetition").values


def growth_of(data: xr.Dataset, method: str) -> Growth:
    """Fit the power of the size with which the median time of a method grows.

    Examples
    --------
    >>> data = growth_dataset([{"a": np.ones(2) * n**3} for n in (1, 2, 4)], [1, 2, 4])
    >>> round(growth_of(data, "a").exponent, 6)
    3.0
    """
    return fit_growth(data[str(data.seconds.dims[1])].values, medians(data, method))


def ratio_words(data: xr.Dataset, method: str, reference: str, size: int) -> str:
    """Write how many times the time of a reference a method takes, repetition by repetition.

    Examples
    --------
    >>> data = growth_dataset([{"a": np.array([2.0, 4.0]), "b": np.array([1.0, 2.0])}], [8])
    >>> ratio_words(data, "a", "b", 8)
    '2 (2 to 2)'
    """
    at = data.seconds.sel({str(data.seconds.dims[1]): size})
    return str(spread(at.sel(timed=method).values / at.sel(timed=reference).values))


def exponent_words(growth: Growth) -> str:
    """Write an exponent with its error, or a dash where points were too few.

    Examples
    --------
    >>> exponent_words(Growth(2.0431, 0.0312, 1.0, 2.1)), exponent_words(fit_growth([1], [1.0]))
    ('2.043 ± 0.031', '–')
    """
    if not np.isfinite(growth.error):
        return "–"
    # a straight line through rounded times is never exact
    return " ± ".join(with_error(growth.exponent, max(growth.error, 1e-3)))


def growth_words(growth: Growth) -> str:
    """Write an exponent with its error, and that between the two largest sizes.

    Examples
    --------
    >>> growth_words(Growth(2.0431, 0.0312, 1.0, 2.1))
    '2.043 ± 0.031 (2.10 between the two largest)'
    """
    return f"{exponent_words(growth)} ({growth.last:.2f} between the two largest)"


def growth_table(data: xr.Dataset, caption: str, reference: str = "") -> str:
    """Write medians with quartiles, ratios to a reference method, and exponents.

    Parameters
    ----------
    data : xarray.Dataset
        From `measure_growth`.
    caption : str
    reference : str, optional
        The method that others are compared with, if there are others.

    Returns
    -------
    str
        HTML.
    """
    name = str(data.seconds.dims[1])
    rows = []
    for method in data.timed.values:
        for size in data[name].values:
            seconds = spread(data.seconds.sel({"timed": method, name: size}).values)
            if not np.isfinite(seconds.median):
                continue
            cells = [number(1e3 * value, 3) for value in seconds]
            rows.append([method, str(size), cells[0], f"{cells[1]} to {cells[2]}"])
            if reference:
                same = method == reference
                rows[-1].append("1" if same else ratio_words(data, method, reference, size))
        growth = growth_of(data, method)
        rows[-1] += [exponent_words(growth), number(growth.last, 3)]
    head = [
        "method", name, "median, ms", "quartiles, ms", *([f"of {reference}"] if reference else []),
        "power", "between the two largest",
    ]  # fmt: skip
    filled = [row + [""] * (len(head) - len(row)) for row in rows]
    return page.table(head, filled, caption)


def draw_growth(panels: Sequence[xr.Dataset], vertical: str) -> Figure:
    """Draw times against sizes, both logarithmic, with the fitted powers.

    Parameters
    ----------
    panels : sequence of xarray.Dataset
        One for every axes, each from `measure_growth`.
    vertical : str
        Label of the times.
    """
    figure = make_figure(1, len(panels), width=max(7.0, 5.8 * len(panels)), height=4.8)
    methods = list(dict.fromkeys(str(m) for data in panels for m in data.timed.values))
    for axes, data in zip(figure.axes, panels, strict=True):
        for method in map(str, data.timed.values):
            _draw_method(axes, data, method, methods.index(method))
        name = str(data.seconds.dims[1])
        axes.set_xlabel(data[name].attrs["long_name"])
        axes.set_ylabel(vertical)
        log_axes(axes, data[name].values)
        # lines rise to the right: room for the legend is made above them
        low, high = np.log10(axes.get_ylim())
        axes.set_ylim(top=10 ** (high + (0.04 + 0.08 * data.sizes["timed"]) * (high - low)))
        axes.legend(loc="upper left", fontsize=8.5, frameon=False)
    return figure


def _draw_method(axes: Axes, data: xr.Dataset, method: str, place: int) -> None:
    """Medians with quartiles, and the fitted power as a thin line."""
    sizes = data[str(data.seconds.dims[1])].values.astype(float)
    summary = np.array([spread(values) for values in data.seconds.sel(timed=method).values])
    known = np.isfinite(summary[:, 0])
    middle, low, high = summary[known].T
    growth, colour = growth_of(data, method), COLOURS[place % len(COLOURS)]
    power = f", power {exponent_words(growth)}" if np.isfinite(growth.exponent) else ""
    axes.errorbar(
        sizes[known], middle, [middle - low, high - middle], fmt=MARKERS[place % len(MARKERS)],
        color=colour, markersize=5, capsize=2.5, label=f"{method}{power}",
    )  # fmt: skip
    if power:
        line = growth.amplitude * sizes[known] ** growth.exponent
        axes.plot(sizes[known], line, color=colour, linewidth=1.0)


def log_axes(axes: Axes, ticks: np.ndarray) -> None:
    """Make both axes logarithmic, with the measured sizes and plain numbers as ticks."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    shown = np.unique(ticks)
    axes.set_xticks(shown, [f"{tick:g}" for tick in shown])
    axes.set_xticks([], minor=True)
    axes.margins(x=0.12)
