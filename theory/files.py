"""Files that are either complete or not there."""

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
                raise unwritable(path, "it is a directory")
            if not stat.S_ISREG(mode):
                raise unwritable(path, "it is not a regular file")
            if not os.access(target, os.W_OK):
                raise unwritable(path, "it is read-only")
        if not target.parent.is_dir():
            raise unwritable(path, "its directory does not exist")
        trial = temporary_name(target)
        trial.touch(exist_ok=False)
        trial.unlink()
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise unwritable(path, reason(error)) from error
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
    temporary = temporary_name(target)
    try:
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except OSError as error:
        raise unwritable(path, reason(error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def temporary_name(target: Path) -> Path:
    """Name a file in the same directory that is not there yet."""
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")


def unwritable(path: Path | str, reason: str) -> ModelError:
    """Make the error that says why a path cannot be written."""
    return ModelError(f"cannot write {path}: {reason}")


def reason(error: Exception) -> str:
    """Say what the operating system objected to."""
    text = getattr(error, "strerror", None) or str(error)
    return text[:1].lower() + text[1:]
