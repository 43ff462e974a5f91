"""Disk cache of generated modules: an index finds the module of a model without deriving anew.

A module is named by the hash of its text, which makes it safe to share between keys and processes
and lets Numba's own disk cache (which needs a source file) work. The files are code that will run,
so the directory belongs to the user alone and every text is compared with its hash before it runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
import platformdirs
import sympy as sp

from theory.codegen.importing import import_text
from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

FORMAT = 1
"""Layout of the files in the cache; a change makes every older index unknown."""
LARGEST_NUMBER = 500
"""Modules kept; beyond, those not used for longest are removed."""
LARGEST_SIZE = 500_000_000
"""Bytes kept, compiled code included."""


def cache_path() -> Path:
    """Directory of the generated modules, made for the user alone if it does not exist.

    It is the environment variable ``RESTPOINT_CACHE`` if set, else the operating system's
    directory for caches.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ModelError
        If the directory cannot be made or written, or if somebody else could write to it.

    Examples
    --------
    >>> cache_path().is_dir()
    True
    """
    chosen = os.environ.get("RESTPOINT_CACHE")
    path = Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("restpoint", False)
    path = path.absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise _unusable(path, "it cannot be written")
    if hasattr(os, "getuid"):
        if status.st_uid != os.getuid():
            raise _unusable(path, "it belongs to another user")
        if status.st_mode & 0o022:
            raise _unusable(path, "other users may write to it (chmod go-w would forbid that)")
    return path


def clear_cache() -> int:
    """Remove the generated modules, their indices and their compiled code, and nothing else.

    Returns
    -------
    int
        Number of removed files.

    Raises
    ------
    ModelError
        If the cache directory cannot be used.
    """
    directory = cache_path()
    indices = [path for path in directory.glob("*.json") if _is_index(path)]
    modules = list(directory.glob("restpoint_*.py"))
    compiled = list((directory / "__pycache__").glob("restpoint_*"))
    return sum(map(_remove, [*indices, *modules, *compiled]))


def load(
    key: str,
    build: Callable[[], tuple[str, dict[str, Any]]],
    check: Callable[[ModuleType, dict[str, Any]], None],
) -> tuple[ModuleType, dict[str, Any]]:
    r"""Import the generated module of ``key``, generating and checking it the first time.

    Parameters
    ----------
    key : str
        Everything the module depends on: model, ansatz, options. The versions of this package,
        SymPy and Numba are added.
    build : callable
        Returns the source text of the module and metadata that JSON can hold. Only called if
        the module is not in the cache or its file was damaged.
    check : callable
        Called with the new module and its metadata before they are remembered; raises if the
        module is wrong.

    Returns
    -------
    module : module
    metadata : dict
        As read back from JSON.

    Raises
    ------
    ModelError
        If the cache directory cannot be used.

    Examples
    --------
    >>> def build():
    ...     return "def double(x):\n    return 2 * x\n", {"factor": 2}
    >>> def check(module, metadata):
    ...     if module.double(3) != 3 * metadata["factor"]:
    ...         raise ModelError("double is wrong")
    >>> module, metadata = load("documentation example", build, check)
    >>> module.double(4), metadata
    (8, {'factor': 2})
    """
    directory = cache_path()
    index = directory / f"{_key_hash(key)}.json"
    if (found := _read_index(index)) is not None:
        source_hash, metadata = found
        path = _module_path(directory, source_hash)
        if (text := _read_source(path, source_hash)) is not None:
            with contextlib.suppress(OSError):
                os.utime(index)  # the time of last use decides what is removed first
            return import_text(path, text), metadata
    text, metadata = build()
    metadata = json.loads(json.dumps(metadata))
    source_hash = _hash(text)
    path = _module_path(directory, source_hash)
    # a file that is right already keeps its time stamp, by which Numba knows its compiled code
    if _read_source(path, source_hash) is None:
        _write(path, text)
    module = import_text(path, text)
    check(module, metadata)
    _write(index, json.dumps({"source": source_hash, "metadata": metadata}))
    _trim(directory, keep=path)
    return module, metadata


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _key_hash(key: str) -> str:
    versions = [str(FORMAT), _version(), sp.__version__, numba.__version__]
    return _hash(json.dumps([*versions, key]))


@cache
def _version() -> str:
    """Version of this package, and of its text: a checkout changes without a new version."""
    try:
        release = importlib.metadata.version("restpoint")
    except importlib.metadata.PackageNotFoundError:
        release = "unreleased"
    theory = Path(__file__).parents[1]
    sources = sorted([*theory.rglob("*.py"), *theory.rglob("templates/*.txt")])
    return f"{release} {_hash(''.join(path.read_text('utf-8') for path in sources))}"


def _module_path(directory: Path, source_hash: str) -> Path:
    return directory / f"restpoint_{source_hash[:20]}.py"


def _is_index(path: Path) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", path.stem) is not None


def _read_index(path: Path) -> tuple[str, dict[str, Any]] | None:
    """Source hash and metadata, or None for a file that is missing or broken."""
    try:
        content = json.loads(path.read_text("utf-8"))
        source_hash, metadata = content["source"], content["metadata"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(metadata, dict) or not isinstance(source_hash, str):
        return None
    return (source_hash, metadata) if re.fullmatch(r"[0-9a-f]{64}", source_hash) else None


def _read_source(path: Path, source_hash: str) -> str | None:
    """Text of a module, or None if it is missing or is not the text its name promises."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    matches = hashlib.sha256(content).hexdigest() == source_hash
    return content.decode() if matches else None


def _write(path: Path, text: str) -> None:
    """Write at once or not at all, so that another process never reads half a file."""
    try:
        # mkstemp makes the file readable and writable by the user alone
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".restpoint_")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _unusable(path.parent, error.strerror or str(error)) from error


def _trim(directory: Path, keep: Path) -> None:
    """Remove the modules not used for longest until the cache is within its limits."""
    files: dict[Path, list[Path]] = {path: [path] for path in directory.glob("restpoint_*.py")}
    for index in filter(_is_index, directory.glob("*.json")):
        found = _read_index(index)
        module = _module_path(directory, found[0]) if found else None
        files.setdefault(module or index, []).append(index)
    for compiled in (directory / "__pycache__").glob("restpoint_*"):
        module = directory / f"{compiled.name.split('.')[0].split('-')[0]}.py"
        files.setdefault(module, []).append(compiled)
    used = {
        module: max((_status(path)[0] for path in paths), default=0.0)
        for module, paths in files.items()
    }
    sizes = {module: sum(_status(path)[1] for path in paths) for module, paths in files.items()}
    number, size = len(files), sum(sizes.values())
    for module in sorted(files, key=lambda name: used[name]):
        if number <= LARGEST_NUMBER and size <= LARGEST_SIZE:
            return
        if module == keep:
            continue
        for path in files[module]:
            _remove(path)
        number, size = number - 1, size - sizes[module]


def _status(path: Path) -> tuple[float, int]:
    try:
        status = path.stat()
    except OSError:  # another process removed it
        return 0.0, 0
    return status.st_mtime, status.st_size


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _unusable(path: Path, reason: str) -> ModelError:
    return ModelError(
        f"the cache directory {path} cannot be used: {reason};"
        " set the environment variable RESTPOINT_CACHE to a directory of your own"
    )
