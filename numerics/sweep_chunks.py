"""Chunks as files of a Zarr array, written directly.

An uncompressed chunk of Zarr's format 3 holds its values one after the other, numbers
little-endian and texts with their lengths, the last dimension running fastest, padded to the shape
of all chunks. Zarr's event loop needs a millisecond and more for each, which is much beside the
solution of ten thousand points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numcodecs.vlen import VLenUTF8

from theory.files import temporary_name

if TYPE_CHECKING:
    from pathlib import Path

    import zarr


def write_chunk(
    directory: Path, array: zarr.Array, block: tuple[slice, ...], values: object
) -> None:
    """Write one chunk of an uncompressed array, at once or not at all.

    Parameters
    ----------
    directory : pathlib.Path
        Of the array.
    array : zarr.Array
        Of numbers or texts, with no compressor and the default order of bytes, its chunks in one
        directory.
    block : tuple of slice
        A chunk along the first dimensions, all of the others.
    values : array_like
        What broadcasts to the shape of the block.

    Raises
    ------
    OSError
        If it cannot be written; what was there stays.

    Notes
    -----
    Empty texts, the fill value, have no file, as with Zarr itself: most chunks have no reason to
    write.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> import zarr
    >>> path = Path(mkdtemp())
    >>> group = zarr.open_group(path)
    >>> array = group.create_array(
    ...     "q", shape=(5,), chunks=(3,), dtype="float64", compressors=None,
    ...     chunk_key_encoding={"name": "default", "separator": "."},
    ... )
    >>> write_chunk(path / "q", array, (slice(3, 5),), [1.5, 2.5])
    >>> array[:].tolist()
    [0.0, 0.0, 0.0, 1.5, 2.5]
    """
    lengths, shape = array.shape[len(block) :], array.chunks
    inside = (*(slice(part.stop - part.start) for part in block), *map(slice, lengths))
    texts = array.dtype.kind in "OT"
    dtype = np.dtype(object) if texts else array.dtype.newbyteorder("<")
    if isinstance(values, np.ndarray) and values.shape == shape:
        chunk = np.ascontiguousarray(values, dtype)
    else:
        chunk = np.full(shape, array.fill_value, dtype)
        chunk[inside] = values
    place = [part.start // length for part, length in zip(block, shape, strict=False)]
    place += [0] * len(lengths)
    target = directory / array.metadata.encode_chunk_key(tuple(place))
    if texts and not any(chunk.flat):
        target.unlink(missing_ok=True)
        return
    partial = temporary_name(target)
    try:
        partial.write_bytes(VLenUTF8().encode(chunk.ravel()) if texts else chunk.data)
        partial.replace(target)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
