"""A store of a sweep before its first chunk: labels, settings, and arrays without values."""

from __future__ import annotations

import asyncio
import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from numerics.sweep_layout import EMPTY, FLAGS, FORMAT_VERSION
from numerics.sweep_task import AXIS_NAMES, Variable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine
    from pathlib import Path

    import numpy as np
    import zarr

    from numerics.sweep_layout import Layout


def write_template(path: Path, layout: Layout) -> None:
    """Write a store without any chunk.

    Parameters
    ----------
    path : pathlib.Path
        Nothing may be there.
    layout : Layout
    """
    wait_for(_write(path, layout))
    _sort_members(path / "zarr.json")


def _sort_members(root: Path) -> None:
    """Put the copy of all labels in order: Zarr lists them as its threads happen to answer."""
    content = json.loads(root.read_text("utf-8"))
    copy = content["consolidated_metadata"]
    copy["metadata"] = dict(sorted(copy["metadata"].items()))
    root.write_text(json.dumps(content, indent=2), encoding="utf-8")


async def _write(path: Path, layout: Layout) -> None:
    import zarr.api.asynchronous as zarr  # noqa: PLC0415  (other commands must not wait for it)

    attributes = {"format_version": FORMAT_VERSION, "provenance": json.dumps(layout.record)}
    await zarr.create_group(store=path, zarr_format=3, attributes=attributes)
    labels = layout.task.axes | layout.task.coordinates
    await asyncio.gather(*(_write_labels(path, name, labels[name]) for name in labels))
    await asyncio.gather(*(_create_variable(path, name, layout) for name in layout.variables))
    with warnings.catch_warnings():
        # that older readers may not know it; xarray expects it
        warnings.filterwarnings("ignore", message="Consolidated metadata")
        await zarr.consolidate_metadata(path)


async def _write_labels(path: Path, name: str, values: np.ndarray) -> None:
    dtype = "str" if values.dtype.kind in "OUT" else values.dtype.name
    variable = Variable(AXIS_NAMES.get(name, name), dtype)
    array = await _create_array(path, name, variable, (name,), values.shape)
    await array.setitem(slice(None), values)


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
        compressors=None,  # chunks are written without Zarr's help, see `numerics.sweep_chunks`
        # all files of a variable in one directory
        chunk_key_encoding={"name": "default", "separator": "."},
        fill_value=EMPTY.get(variable.dtype, 0),
        dimension_names=dims,
        attributes={"long_name": variable.long_name, "units": "1", **attributes},
    )


def wait_for(work: Coroutine[Any, Any, None]) -> None:
    """Wait for a coroutine on a thread of its own: in a notebook this one has an event loop.

    Examples
    --------
    >>> wait_for(asyncio.sleep(0))
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
