"""Results of single networks on disk, so that an interrupted validation goes on where it was."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from numerics.fingerprint import fingerprint
from theory.codegen.cache import cache_path
from theory.expressions import ModelError
from theory.files import reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMAT = 1
"""Layout of the files; a change makes every older one unknown."""
LONGEST_UNUSED = 30 * 24 * 3600
"""Seconds after which an abandoned checkpoint is removed."""
SEAL = hashlib.sha256().digest_size
"""Bytes at the end of a file that tell it from a damaged one and from one of another run."""


class Checkpoint:
    """Results of one run, kept until all of them are there.

    A result is found again only by a run with the same settings, the same source text of this
    package, the same NumPy, Numba and Python and the same kind of processor, so that going on
    gives bit for bit what a run without interruption gives.

    Parameters
    ----------
    settings : dict
        All that the results depend on: numbers, strings, arrays, and lists and dicts of them.
    directory : pathlib.Path, optional
        Where the directory of this run is made; by default within the cache of this package,
        where runs not touched for thirty days are removed.

    Attributes
    ----------
    path : pathlib.Path
        The directory of this run, for the user alone.

    Raises
    ------
    ModelError
        If the directory cannot be made or belongs to somebody else, or if the settings
        contain something else.

    Examples
    --------
    >>> checkpoint = Checkpoint({"g": 1.2, "seed": 0})
    >>> if (result := checkpoint.get("size 250, network 3")) is None:
    ...     result = checkpoint.put("size 250, network 3", {"q": np.array([0.26, 0.27])})
    >>> result["q"]
    array([0.26, 0.27])
    >>> checkpoint.clear()
    >>> checkpoint.path.exists()
    False
    """

    def __init__(self, settings: dict[str, Any], directory: Path | None = None) -> None:
        self._key = _hash(json.dumps([_versions(), settings], sort_keys=True, default=_plain))
        parent = cache_path() / "networks" if directory is None else Path(directory)
        self.path = parent / self._key
        self._make()
        if directory is None:
            _remove_abandoned(parent, keep=self.path)

    def get(self, name: str) -> dict[str, np.ndarray] | None:
        """Read a result.

        Parameters
        ----------
        name : str

        Returns
        -------
        dict of numpy.ndarray, or None
            None if there is no such result, or only a file that is incomplete or damaged.
        """
        try:
            content = self._file(name).read_bytes()
        except OSError:
            return None
        intact = content[-SEAL:] == self._seal(name, content[:-SEAL])
        return _unpack(content) if intact else None

    def put(self, name: str, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Write a result, at once or not at all.

        Parameters
        ----------
        name : str
        arrays : mapping of str to array_like

        Returns
        -------
        dict of numpy.ndarray
            What `get` will return. Going on with it and not with ``arrays`` makes the memory
            layout, on which the last digit of a sum depends, the same with and without
            interruption.

        Raises
        ------
        ModelError
            If the disk is full or read-only, or if an array holds Python objects. Results
            written before stay as they are.
        """
        # with the underscore a name cannot be one of savez's own parameters
        copies: dict[str, Any] = {f"_{key}": np.asarray(value) for key, value in arrays.items()}
        for key, value in copies.items():
            if value.dtype.hasobject:
                raise ModelError(f"{key[1:]} of {name} holds Python objects; give plain numbers")
        buffer = io.BytesIO()
        np.savez(buffer, **copies)
        content = buffer.getvalue()
        content += self._seal(name, content)
        try:
            self._write(self._file(name), content)
        except FileNotFoundError:  # another process finished the same run and cleared it
            self._make()
            try:
                self._write(self._file(name), content)
            except OSError as error:
                self._refuse(error)
        except OSError as error:
            self._refuse(error)
        return _unpack(content)

    def clear(self) -> None:
        """Remove the results and the directory of this run, and nothing else."""
        _remove_run(self.path)

    def _file(self, name: str) -> Path:
        return self.path / f"{_hash(name)}.npz"

    def _seal(self, name: str, content: bytes) -> bytes:
        return hashlib.sha256(f"{self._key} {name}\n".encode() + content).digest()

    def _make(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700, exist_ok=True)
            os.utime(self.path)  # the time of last use decides what is removed as abandoned
            status = self.path.stat()
        except OSError as error:
            self._refuse(error)
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
            self._refuse(PermissionError("other users may write to it"))

    def _write(self, path: Path, content: bytes) -> None:
        # mkstemp makes the file readable and writable by the user alone
        handle, temporary = tempfile.mkstemp(dir=self.path, prefix=".", suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _refuse(self, error: OSError) -> NoReturn:
        raise ModelError(
            f"cannot keep results in {self.path}: {reason(error)}; those written before are"
            " kept. Make room, or set the environment variable RESTPOINT_CACHE to another directory"
        ) from error


def _unpack(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content[:-SEAL]), allow_pickle=False) as file:
        return {key[1:]: file[key] for key in file.files}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _versions() -> list[str]:
    """All beside the settings on which the last digit depends."""
    return [str(FORMAT), *fingerprint().values()]


def _plain(value: object) -> object:
    """Make NumPy's numbers and arrays ones that JSON knows."""
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        return value.tolist()
    raise ModelError(f"settings contain {value!r}; give numbers, strings, arrays, lists and dicts")


def _remove_abandoned(parent: Path, keep: Path) -> None:
    """Remove runs that were neither finished nor taken up again for a long time."""
    oldest = time.time() - LONGEST_UNUSED
    for path in parent.glob("*"):
        with contextlib.suppress(OSError):  # another process removes them too
            if path != keep and _is_hash(path.name) and path.stat().st_mtime < oldest:
                _remove_run(path)


def _remove_run(path: Path) -> None:
    results = (file for file in path.glob("*.npz") if _is_hash(file.stem))
    _remove([*results, *path.glob(".*.partial")])
    with contextlib.suppress(OSError):  # other files are not ours: the directory stays
        path.rmdir()


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        with contextlib.suppress(OSError):
            file.unlink()


def _is_hash(name: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", name) is not None
