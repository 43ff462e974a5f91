"""What reports write: netCDF, figures and text, complete or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from theory.files import writing

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

RESOLUTION = 160
"""Dots per inch of PNG figures."""


def write_text(text: str, path: Path | str) -> None:
    """Write a text file as UTF-8.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> directory = Path(mkdtemp())
    >>> write_text("gamma < 0", directory / "example.txt")
    """
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_dataset(dataset: xr.Dataset, path: Path | str) -> None:
    """Write a netCDF file that plain ``xarray.open_dataset`` reads back as it was.

    Parameters
    ----------
    dataset : xarray.Dataset
    path : path-like

    Raises
    ------
    ModelError
        If the file cannot be written.

    Examples
    --------
    >>> import xarray as xr
    >>> from tempfile import mkdtemp
    >>> directory = Path(mkdtemp())
    >>> write_dataset(xr.Dataset({"converged": ("g", [True, False])}), directory / "example.nc")
    >>> xr.open_dataset(directory / "example.nc").converged.values
    array([ True, False])
    """
    with writing(path) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf")


def write_figure(figure: Figure, path: Path | str) -> None:
    """Write a figure as PNG and as SVG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path-like
        Without suffix.

    Raises
    ------
    ModelError
        If a file cannot be written.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from tempfile import mkdtemp
    >>> directory = Path(mkdtemp())
    >>> write_figure(Figure(), directory / "example")
    >>> (directory / "example.svg").exists()
    True
    """
    import matplotlib as mpl  # noqa: PLC0415  (the command needs it for reports only)

    path = Path(path)
    with writing(path.with_name(path.name + ".png")) as temporary:
        figure.savefig(temporary, format="png", dpi=RESOLUTION)
    # the same figure gives the same bytes
    with (
        mpl.rc_context({"svg.hashsalt": "restpoint"}),
        writing(path.with_name(path.name + ".svg")) as temporary,
    ):
        figure.savefig(temporary, format="svg", metadata={"Date": None}, dpi=RESOLUTION)
