"""A Zarr store that is filled chunk by chunk, by one process at a time, and can be gone on with."""

from __future__ import annotations

import json
import shutil
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from numerics.sweep_chunks import write_chunk
from numerics.sweep_layout import DONE, EMPTY, FAILED, FORMAT_VERSION, differences
from numerics.sweep_template import write_template
from theory.expressions import ModelError
from theory.files import reason, temporary_name, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr
    import zarr

    from numerics.sweep_layout import Block, Layout

LOCK = "status/.lock"
"""Within an array, where Zarr does not look for members of the group."""


class SweepStore:
    """An open store; see `open_store`.

    Parameters
    ----------
    path : pathlib.Path
    group : zarr.Group
    layout : Layout
    """

    def __init__(self, path: Path, group: zarr.Group, layout: Layout) -> None:
        self.path, self.layout = path, layout
        self._arrays: dict[str, Any] = {name: group[name] for name in layout.variables}
        self._axes = list(layout.task.axes)

    def unfinished(self) -> list[Block]:
        """Blocks that are missing or failed."""
        status = self._arrays["status"][:]
        return [
            block
            for block in self.layout.blocks
            if status[tuple(part.start for part in block)] != DONE
        ]

    def write(self, block: Block, result: xr.Dataset) -> None:
        """Write a chunk, and then its mark.

        Parameters
        ----------
        block : tuple of slice
        result : xarray.Dataset
            With the variables of the task, ``converged`` and ``reason``.

        Raises
        ------
        ModelError
            If the disk is full or read-only. Chunks written before stay as they are.
        """
        values = {
            name: result.variables[name].transpose(*self._axes, *variable.dims).values
            for name, variable in self.layout.variables.items()
            if name != "status"
        }
        self._put(block, values | {"status": DONE})

    def fail(self, block: Block, why: str) -> None:
        """Record that a chunk failed; the next run tries it again.

        Parameters
        ----------
        block : tuple of slice
        why : str

        Raises
        ------
        ModelError
            As `write`.
        """
        empty = {name: EMPTY[variable.dtype] for name, variable in self.layout.variables.items()}
        self._put(block, empty | {"reason": why, "status": FAILED})

    def _put(self, block: Block, values: dict[str, Any]) -> None:
        """Write the variables in their order: the mark is the last."""
        try:
            for name in self.layout.variables:
                write_chunk(self.path / name, self._arrays[name], block, values[name])
        except OSError as error:
            raise _unwritable(self.path, error) from error


@contextmanager
def open_store(path: Path | str, layout: Layout) -> Iterator[SweepStore]:
    """Open a store for writing, and make it if it is not there.

    Parameters
    ----------
    path : path-like
        Of a directory.
    layout : Layout

    Yields
    ------
    SweepStore
        Locked until the block ends; the lock of a process that was killed is gone.

    Raises
    ------
    ModelError
        If the store cannot be written, was made with other settings, or is being filled by
        another process.
    """
    path = Path(path)
    if not path.exists():
        _create(path, layout)
    group = _open(path)
    with _locked(path):
        _check_same(path, group, layout)
        _remove_partial_files(path)
        yield SweepStore(path, group, layout)


def _locked(path: Path) -> AbstractContextManager[Any]:
    try:
        return FileLock(path / LOCK).acquire(timeout=0)
    except Timeout:
        msg = f"{path} is being filled by another process; wait for it, or choose another name"
        raise ModelError(msg) from None
    except OSError as error:
        raise _unwritable(path, error) from error


def _remove_partial_files(path: Path) -> None:
    """Remove what a killed process was writing; nothing reads it."""
    try:
        for partial in path.rglob("*.partial"):
            partial.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ModelError:
    return unwritable(
        path, f"{reason(error)}; finished chunks are kept, and the same sweep goes on from them"
    )


def _create(path: Path, layout: Layout) -> None:
    """Write a store without any chunk, at once or not at all."""
    if not path.parent.is_dir():
        raise unwritable(path, "the directory that should hold it does not exist")
    temporary = temporary_name(path)
    try:
        write_template(temporary, layout)
        temporary.rename(path)
    except OSError as error:
        if not path.exists():  # else another process made it first
            raise unwritable(path, reason(error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _open(path: Path) -> zarr.Group:
    """Open a directory as a group, or say why it is no store of a sweep."""
    import zarr  # noqa: PLC0415

    try:
        group = zarr.open_group(path, mode="r+")
        complete = {"format_version", "provenance"} <= set(group.attrs) and "status" in group
    except PermissionError as error:
        raise _unwritable(path, error) from error
    except (OSError, ValueError, KeyError):
        complete = False
    if not complete:
        msg = f"{path} is there and is not the store of a sweep; choose another name"
        raise ModelError(msg)
    return group


def _check_same(path: Path, group: zarr.Group, layout: Layout) -> None:
    """Refuse to mix results of other settings."""
    version: Any = group.attrs["format_version"]
    if version != FORMAT_VERSION:
        msg = f"{path} has format {version}, and this version writes {FORMAT_VERSION}"
        raise ModelError(f"{msg}; choose another name")
    there = json.loads(str(group.attrs["provenance"]))
    found = differences(there, layout.record)
    for name, values in layout.task.axes.items():
        array: Any = group[name][:] if name in group else np.empty(0)  # type: ignore[index]
        if not np.array_equal(array, values):
            found.append(f"{name} ({_span(array)} there, {_span(values)} here)")
    if found:
        msg = (
            f"{path} was made with other settings: {'; '.join(found)}. Use those, or choose another"
            " name: a store never mixes results whose last digits could differ"
        )
        raise ModelError(msg)


def _span(values: np.ndarray) -> str:
    if not values.size:
        return "no values"
    return f"{values.size} values from {values[0]} to {values[-1]}"
