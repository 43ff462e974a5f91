"""What reports write: netCDF, figures, text and whole directories, complete or not at all."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from theory.expressions import ModelError
from theory.files import check_file, reason, temporary_name, unwritable, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@contextmanager
def writing_directory(path: Path | str, last: str = "index.html") -> Iterator[Path]:
    """Give a temporary directory whose files move to ``path`` when the block succeeds.

    Parameters
    ----------
    path : path-like
        Created if it is not there. Other files in it are left alone.
    last : str
        The file that is moved after all others: it refers to them.

    Yields
    ------
    pathlib.Path
        An empty directory to write files into.

    Raises
    ------
    ModelError
        If the directory cannot be written, before anything else is done.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> report = Path(mkdtemp()) / "report"
    >>> with writing_directory(report) as directory:
    ...     write_text("complete", directory / "index.html")
    >>> [file.name for file in report.iterdir()]
    ['index.html']
    """
    target, temporary = _open_directory(path)
    try:
        yield temporary
        try:
            _move(temporary, target, last)
        except OSError as error:
            raise unwritable(path, reason(error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _open_directory(path: Path | str) -> tuple[Path, Path]:
    """Make the temporary directory, on the same file system as the one it becomes."""
    try:
        target = Path(path).resolve()
        if target.exists() and not target.is_dir():
            raise unwritable(path, "it is a file, not a directory")
        if not target.parent.is_dir():
            raise unwritable(path, "the directory that should hold it does not exist")
        # inside an existing directory: its own parent may be read-only or on another file system
        temporary = temporary_name(target / "report" if target.is_dir() else target)
        temporary.mkdir()
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise unwritable(path, reason(error)) from error
    return target, temporary


def _move(temporary: Path, target: Path, last: str) -> None:
    if not target.exists():
        temporary.rename(target)
        return
    files = sorted(temporary.iterdir(), key=lambda file: (file.name == last, file.name))
    for file in files:
        check_file(target / file.name)
    for file in files:
        file.replace(target / file.name)
