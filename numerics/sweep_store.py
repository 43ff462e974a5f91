"""A Zarr store that is filled chunk by chunk, by one process at a time, and can be gone on with."""

from __future__ import annotations

import asyncio
import asyncio
import json
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from numerics.sweep_task import AXIS_NAMES, Variable
from theory.expressions import ModelError
from theory.files import reason, temporary_name, unwritable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Iterator

    import xarray as xr
    import zarr

    from numerics.sweep_task import Task

    Block = tuple[slice, ...]

FORMAT_VERSION = 1
MISSING, DONE, FAILED = 0, 1, 2
FLAGS = {"flag_values": [MISSING, DONE, FAILED], "flag_meanings": "missing done failed"}
COMMON = {
    "converged": Variable("whether the point is what was asked for", "bool"),
    "reason": Variable("why not, or why its chunk failed", "str"),
}
STATUS = Variable("what became of the chunk of the point", "int8")
"""Written last: a chunk that is not marked as done is computed again, whatever is there of it."""
EMPTY: dict[str, Any] = {"float64": np.nan, "bool": False, "str": "", "int8": MISSING}
LOCK = "status/.lock"
"""Within an array, where Zarr does not look for members of the group."""


@dataclass(frozen=True)
class Layout:
    """What a store holds and what it was made with; stores with other layouts are refused.

    Parameters
    ----------
    task : Task
    chunks : dict
        Lengths of the chunks of every axis.
    versions : dict
        See `numerics.fingerprint.fingerprint`.
    """

    task: Task
    chunks: dict[str, int]
    versions: dict[str, str]

    @property
    def variables(self) -> dict[str, Variable]:
        """Variables over all axes, in the order in which they are written."""
        return self.task.VARIABLES | COMMON | {"status": STATUS}

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(len(values) for values in self.task.axes.values())

    @cached_property
    def record(self) -> dict[str, Any]:
        """What made the store, read back from JSON."""
        record = self.task.record | {"chunks": self.chunks, "versions": self.versions}
        return json.loads(json.dumps(record))

    @property
    def blocks(self) -> list[Block]:
        """Slices of the axes for every chunk, the last axis running fastest."""
        lengths = zip(self.shape, self.chunks.values(), strict=True)
        slices = [
            [slice(k, min(k + step, length)) for k in range(0, length, step)]
            for length, step in lengths
        ]
        return list(product(*slices))

    def part(self, block: Block) -> Task:
        """The task of one chunk."""
        axes = self.task.axes.items()
        return self.task.part(
            {name: values[here] for (name, values), here in zip(axes, block, strict=True)}
        )


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
        try:
            _run(self._put_together(block, values))
        except OSError as error:
            raise _unwritable(self.path, error) from error

    async def _put_together(self, block: Block, values: dict[str, Any]) -> None:
        """Write the variables side by side, which takes much less time, and then the mark."""

        def put(name: str) -> Awaitable[None]:
            return self._arrays[name].async_array.setitem(block, values[name])

        await asyncio.gather(*(put(name) for name in self._arrays if name != "status"))
        await put("status")


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
    try:
        with FileLock(path / LOCK, timeout=0):
            _check_same(path, group, layout)
            # what a killed process was writing
            for partial in path.rglob("*.partial"):
                partial.unlink()
            yield SweepStore(path, group, layout)
    except Timeout:
        msg = f"{path} is being filled by another process; wait for it, or choose another name"
        raise ModelError(msg) from None
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
        _write_template(temporary, layout)
        temporary.rename(path)
    except OSError as error:
        if not path.exists():  # else another process made it first
            raise unwritable(path, reason(error)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_template(path: Path, layout: Layout) -> None:
    import zarr.api.asynchronous as zarr  # noqa: PLC0415  (other commands must not wait for it)

    attributes = {"format_version": FORMAT_VERSION, "provenance": json.dumps(layout.record)}
    task = layout.task
    labels = task.axes | task.coordinates

    async def write_all() -> None:
        await zarr.create_group(store=path, zarr_format=3, attributes=attributes)
        coordinates = [
            _create_array(
                path,
                name,
                Variable(AXIS_NAMES.get(name, name), _dtype(values)),
                (name,),
                values.shape,
            )
            for name, values in labels.items()
        ]
        for array, values in zip(await asyncio.gather(*coordinates), labels.values(), strict=True):
            await array.setitem(slice(None), values)
        await asyncio.gather(*(_create_variable(path, name, layout) for name in layout.variables))
        with warnings.catch_warnings():
            # that older readers may not know it; xarray expects it
            warnings.filterwarnings("ignore", message="Consolidated metadata")
            await zarr.consolidate_metadata(path)

    _run(write_all())


def _dtype(values: np.ndarray) -> str:
    return "str" if values.dtype.kind in "OUT" else values.dtype.name


def _create_variable(path: Path, name: str, layout: Layout) -> Awaitable[zarr.AsyncArray]:
    variable = layout.variables[name]
    further = tuple(len(layout.task.coordinates[dim]) for dim in variable.dims)
    dims = (*layout.task.axes, *variable.dims)
    chunks = (*layout.chunks.values(), *further)
    more = FLAGS if name == "status" else {}
    return _create_array(path, name, variable, dims, layout.shape + further, chunks, **more)


def _create_array(
    path: Path,
    name: str,
    variable: Variable,
    dims: tuple[str, ...],
    shape: tuple[int, ...],
    chunks: tuple[int, ...] | None = None,
    **attributes: Any,
) -> Awaitable[zarr.AsyncArray]:
    import zarr.api.asynchronous as zarr  # noqa: PLC0415

    return zarr.create_array(
        store=path,
        name=name,
        shape=shape,
        chunks=chunks or shape,
        dtype=variable.dtype,
        # digits of results do not compress
        compressors=None if variable.dtype == "float64" else "auto",
        fill_value=EMPTY.get(variable.dtype, 0),
        dimension_names=dims,
        attributes={"long_name": variable.long_name, "units": "1", **attributes},
    )


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Wait for a coroutine on a thread of its own: in a notebook this one has an event loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


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


def differences(there: Any, here: Any, name: str = "") -> list[str]:
    """List where two records differ, by name, with both values."""
    if isinstance(there, dict) and isinstance(here, dict):
        keys = [*here, *(key for key in there if key not in here)]
        parts = (differences(there.get(key), here.get(key), f"{name} {key}") for key in keys)
        return [difference for part in parts for difference in part]
    return [] if there == here else [f"{name.strip()} ({there} there, {here} here)"]


def _span(values: np.ndarray) -> str:
    if not values.size:
        return "no values"
    return f"{values.size} values from {values[0]} to {values[-1]}"
