"""Files that are either complete or not there: netCDF, figures, text, and directories of them."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr
    from matplotlib.figure import Figure

RESOLUTION = 160
"""Dots per inch of PNG figures."""


def check_file(path: Path | str) -> Path:
    """Refuse a path at which no file can be written, without touching what is there.

    Parameters
    ----------
    path : path-like
        Its directory has to exist; a symbolic link is followed.

    Returns
    -------
    pathlib.Path
        The file that will be written.

    Raises
    ------
    ModelError
        With the reason.

    Examples
    --------
    >>> check_file("no_such_directory/phases.nc")
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: cannot write no_such_directory/phases.nc: ...
    """
    try:
        target = Path(path).resolve()
        if target.exists():
            mode = target.stat().st_mode
            if stat.S_ISDIR(mode):
                raise _unwritable(path, "it is a directory")
            if not stat.S_ISREG(mode):
                raise _unwritable(path, "it is not a regular file")
            if not os.access(target, os.W_OK):
                raise _unwritable(path, "it is read-only")
        if not target.parent.is_dir():
            raise _unwritable(path, "its directory does not exist")
        trial = _temporary(target)
        trial.touch(exist_ok=False)
        trial.unlink()
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise _unwritable(path, _reason(error)) from error
    return target


@contextmanager
def writing(path: Path | str) -> Iterator[Path]:
    """Give a temporary path in the same directory, moved to ``path`` when the block succeeds.

    Parameters
    ----------
    path : path-like

    Yields
    ------
    pathlib.Path
        Where to write. An existing file stays as it was until the new one is complete.

    Raises
    ------
    ModelError
        If the file cannot be written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> directory = Path(mkdtemp())
    >>> with writing(directory / "example.txt") as temporary:
    ...     _ = temporary.write_text("complete")
    >>> (directory / "example.txt").read_text()
    'complete'
    """
    target = check_file(path)
    temporary = _temporary(target)
    try:
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except OSError as error:
        raise _unwritable(path, _reason(error)) from error
    finally:
        temporary.unlink(missing_ok=True)


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
            raise _unwritable(path, _reason(error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _open_directory(path: Path | str) -> tuple[Path, Path]:
    """Make the temporary directory, on the same file system as the one it becomes."""
    try:
        target = Path(path).resolve()
        if target.exists() and not target.is_dir():
            raise _unwritable(path, "it is a file, not a directory")
        if not target.parent.is_dir():
            raise _unwritable(path, "the directory that should hold it does not exist")
        # inside an existing directory: its own parent may be read-only or on another file system
        temporary = _temporary(target / "report" if target.is_dir() else target)
        temporary.mkdir()
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise _unwritable(path, _reason(error)) from error
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


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")


def _unwritable(path: Path | str, reason: str) -> ModelError:
    return ModelError(f"cannot write {path}: {reason}")


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]
