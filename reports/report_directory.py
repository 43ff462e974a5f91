"""The directory of a report: complete or as it was, replaced by the same report only."""

from __future__ import annotations

import json
import re
import shutil
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from numerics.sweep_layout import differences
from reports.stopping import keeping
from reports.terminal import NOT_CONVERGED, fail
from theory.expressions import ModelError
from theory.files import check_file, reason, temporary_name, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RECORD = "report.json"
"""In every report: what was asked, and the files that belong to it."""
LOCK = ".restpoint-lock"
"""In a directory that is being filled; the system lets go of it when the process ends."""
UNFINISHED = "unfinished"
_ENDINGS = {".html", ".nc", ".png", ".svg", ".json"}


@contextmanager
def writing_directory(
    path: Path | str, asked: dict[str, Any], *, overwrite: bool = False
) -> Iterator[Path]:
    """Give a temporary directory whose files move to ``path`` when the block succeeds.

    When it fails or is interrupted, what is in it is kept: as ``path``, or in its directory
    ``unfinished`` if there is an older report. What a killed process left is removed.

    Parameters
    ----------
    path : path-like
        Created if it is not there. Other files in it are left alone.
    asked : dict
        From `reports.output_files.request`; a report that was asked for something else stays.
    overwrite : bool
        Replace also files that this report did not write.

    Yields
    ------
    pathlib.Path
        An empty directory to write files into, ``index.html`` as the last.

    Raises
    ------
    ModelError
        If the directory cannot be written, before anything else is done.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> report = Path(mkdtemp()) / "report"
    >>> with writing_directory(report, {"command": "restpoint report"}) as directory:
    ...     _ = (directory / "index.html").write_text("complete")
    >>> sorted(file.name for file in report.iterdir())
    ['index.html', 'report.json']
    """
    target = _checked(path)
    if not overwrite:
        _check_same(target, path, asked)
    remove_abandoned(target)
    # inside an existing directory: its own parent may be read-only or on another file system
    temporary = temporary_name(target / "report" if target.is_dir() else target)
    try:
        temporary.mkdir()
        lock = FileLock(temporary / LOCK)
        lock.acquire(timeout=0)
    except (OSError, Timeout) as error:
        raise unwritable(path, reason(error)) from error

    def keep() -> str:
        return _keep_finished(temporary, target, asked)

    try:
        with keeping(keep):
            try:
                yield temporary
                _record(temporary, asked, _read_record(target).get("files", ()))
                _move(temporary, target)
            except OSError as error:
                raise unwritable(path, reason(error)) from error
    except BaseException:
        if message := keep():
            fail(message, NOT_CONVERGED)
        raise
    finally:
        lock.release()
        shutil.rmtree(temporary, ignore_errors=True)
        (target / LOCK).unlink(missing_ok=True)


def _checked(path: Path | str) -> Path:
    """Refuse what can be no directory."""
    try:
        target = Path(path).resolve()
        if target.exists() and not target.is_dir():
            raise unwritable(path, "it is a file, not a directory")
        if not target.parent.is_dir():
            raise unwritable(path, "the directory that should hold it does not exist")
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise unwritable(path, reason(error)) from error
    return target


def _check_same(target: Path, path: Path | str, asked: dict[str, Any]) -> None:
    """Refuse to replace what this report did not write."""
    there = _read_record(target)
    files = sorted(file.name for file in target.glob("*") if file.suffix in _ENDINGS)
    if foreign := [name for name in files if name not in there.get("files", [])]:
        names = ", ".join(foreign[:3]) + (", ..." if len(foreign) > 3 else "")
        why = f"{asked['command']} did not write {names} in it"
        raise unwritable(path, f"{why}; choose another directory, or --overwrite")
    if there and (changed := differences(_request(there), _request(asked))):
        why = f"it holds another report: {'; '.join(changed)}"
        raise unwritable(path, f"{why}; choose another directory, or --overwrite")


def _read_record(directory: Path) -> dict[str, Any]:
    try:
        record = json.loads((directory / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) and isinstance(record.get("files"), list) else {}


def _request(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "files"}


def _record(directory: Path, asked: dict[str, Any], older: Iterable[str] = ()) -> None:
    """Write what was asked, and the files, with those of an older report that stay."""
    files = {file.name for file in directory.iterdir() if file.name != LOCK}
    text = json.dumps(asked | {"files": sorted({*files, *older, RECORD})}, indent=1)
    (directory / RECORD).write_text(text, encoding="utf-8")


def _move(temporary: Path, target: Path) -> None:
    if not target.exists():
        temporary.rename(target)
        return
    last = [RECORD, "index.html"]  # they refer to the others
    files = [file for file in sorted(temporary.iterdir()) if file.name not in {LOCK, *last}]
    files += [temporary / name for name in last if (temporary / name).exists()]
    for file in files:
        check_file(target / file.name)
    for file in files:
        file.replace(target / file.name)


def _keep_finished(temporary: Path, target: Path, asked: dict[str, Any]) -> str:
    """Keep the files of a report that ends early; say where they are, if there are any."""
    try:
        for partial in temporary.glob("*.partial"):
            partial.unlink()
        if not any(file.suffix in _ENDINGS for file in temporary.iterdir()):
            shutil.rmtree(temporary, ignore_errors=True)
            return ""
        _record(temporary, asked)
        place = target
        if target.exists():
            place = target / UNFINISHED
            if _read_record(place):
                shutil.rmtree(place)
            elif place.exists():
                place = target / f"{UNFINISHED}{temporary.suffixes[-2]}"
        temporary.rename(place)
        (place / LOCK).unlink(missing_ok=True)
    except OSError:  # a full disk, or it was moved before
        return ""
    return f"what is finished is kept in {place}"


def remove_abandoned(target: Path) -> None:
    """Remove the directories that killed reports of the same target left.

    Only those with our lock in them, and nobody who holds it.

    Parameters
    ----------
    target : pathlib.Path
        Of the report.
    """
    places = [(target.parent, target.name), (target, "report")]
    for parent, name in places:
        named = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{8}}\.partial")
        with suppress(OSError):  # it cannot be read; then nothing can be removed there
            for directory in parent.iterdir():
                if named.fullmatch(directory.name) and (directory / LOCK).is_file():
                    _remove_if_dead(directory)


def _remove_if_dead(directory: Path) -> None:
    if directory.is_symlink() or sys.platform == "win32":
        return
    try:
        with FileLock(directory / LOCK).acquire(timeout=0):
            shutil.rmtree(directory, ignore_errors=True)
    except (OSError, Timeout):
        pass  # it is alive, or another user's
