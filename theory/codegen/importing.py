"""Import a module from a text already in memory, under the path where that text is stored."""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

_loaded: dict[Path, tuple[str, ModuleType]] = {}


class _TextLoader(importlib.abc.ExecutionLoader):
    """Runs the text that was verified: the file is not read again, nor stale bytecode of it."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, text

    def get_filename(self, fullname: str) -> str:
        return str(self.path)

    def get_source(self, fullname: str) -> str:
        return self.text


def import_text(path: Path, text: str) -> ModuleType:
    """Import ``text`` as the module stored at ``path``, once in this process.

    Parameters
    ----------
    path : pathlib.Path
        File that holds the text; its stem is the name of the module. Numba keeps compiled code
        beside it.
    text : str
        Source of the module.

    Returns
    -------
    module

    Examples
    --------
    >>> from pathlib import Path
    >>> import_text(Path("example_of_import.py"), "answer = 42").answer
    42
    """
    if path in _loaded and _loaded[path][0] == text:
        return _loaded[path][1]
    spec = importlib.util.spec_from_loader(path.stem, _TextLoader(path, text))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(path)
    sys.modules[path.stem] = module  # compiled code names its module when it is pickled
    spec.loader.exec_module(module)
    _loaded[path] = text, module
    return module
