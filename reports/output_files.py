"""Which files a command may replace: its own, told by what is in them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.sweep_layout import differences
from theory.files import check_file, unwritable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr

    from theory.ensembles import RandomNetwork
    from theory.expressions import ModelError

ATTRIBUTE = "command"
"""Of a dataset: the command that wrote it and what it was asked, as JSON."""
_SEAL = "# sha256 of the lines above: "


def request(command: str, network: RandomNetwork, **settings: Any) -> dict[str, Any]:
    """Record what a command was asked, beside the values of the axes of its result.

    Parameters
    ----------
    command : str
    network : RandomNetwork
    **settings
        What JSON can hold.

    Returns
    -------
    dict

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> request("restpoint solve", RandomNetwork(), branch="all")["settings"]
    {'branch': 'all'}
    """
    model = {field.name: str(getattr(network, field.name)) for field in fields(network)}
    # as it comes back from a file, tuples as lists
    return json.loads(json.dumps({"command": command, "model": model, "settings": settings}))


def check_ending(path: Path | str, ending: str, format_name: str) -> None:
    """Refuse a file name by which nobody would know the format.

    Examples
    --------
    >>> check_ending("phases.csv", ".nc", "netCDF")
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: cannot write phases.csv: the format is netCDF; ... end in .nc
    """
    if Path(path).suffix != ending:
        raise unwritable(path, f"the format is {format_name}; let the name end in {ending}")


def check_dataset(
    path: Path | str,
    asked: dict[str, Any],
    axes: Mapping[str, Any],
    *,
    overwrite: bool = False,
) -> None:
    """Refuse to replace a file, unless it answers the same request on the same axes.

    Parameters
    ----------
    path : path-like
    asked : dict
        From `request`.
    axes : dict of str to array_like
    overwrite : bool
        Replace whatever is there.

    Raises
    ------
    ModelError
        If the file cannot be written, the name does not end in ``.nc``, or something else is
        there.
    """
    check_ending(path, ".nc", "netCDF")
    target = check_file(path)
    if overwrite or not target.exists():
        return
    import xarray as xr  # noqa: PLC0415  (slow to import)

    try:
        with xr.open_dataset(target, engine="h5netcdf") as older:
            there = json.loads(older.attrs[ATTRIBUTE])
            values = {name: older[name].values for name in axes}
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise _not_ours(path, asked["command"]) from error
    changed = differences(there, asked)
    changed += [
        f"{name} ({_span(values[name])} there, {_span(axis)} here)"
        for name, axis in axes.items()
        if not np.array_equal(values[name], axis)
    ]
    if changed:
        raise _differs(path, changed)


def sign_dataset(dataset: xr.Dataset, asked: dict[str, Any]) -> xr.Dataset:
    """Write into a dataset what was asked.

    Examples
    --------
    >>> import xarray as xr
    >>> sign_dataset(xr.Dataset(), {"command": "restpoint solve"}).attrs
    {'command': '{"command": "restpoint solve"}'}
    """
    return dataset.assign_attrs({ATTRIBUTE: json.dumps(asked)})


def check_module(path: Path | str, asked: dict[str, Any], *, overwrite: bool = False) -> None:
    """Refuse to replace a file, unless it is an unedited module for the same model.

    Parameters
    ----------
    path : path-like
    asked : dict
        From `request`.
    overwrite : bool
        Replace whatever is there.

    Raises
    ------
    ModelError
        If the file cannot be written, the name does not end in ``.py``, or something else is
        there.
    """
    check_ending(path, ".py", "Python")
    target = check_file(path)
    if overwrite or not target.exists():
        return
    try:
        lines = target.read_text(encoding="utf-8").splitlines(keepends=True)
        text, seal = "".join(lines[:-1]), lines[-1].strip()
        there = json.loads(lines[-2].removeprefix("# "))
    except (OSError, ValueError, IndexError) as error:
        raise _not_ours(path, asked["command"]) from error
    if seal != _SEAL + _digest(text):
        why = (
            f"it was edited after {asked['command']} wrote it; choose another name, or --overwrite"
        )
        raise unwritable(path, why)
    if changed := differences(there, asked):
        raise _differs(path, changed)


def sign_module(path: Path, asked: dict[str, Any]) -> None:
    """Append what was asked and a digest, by which edits are noticed.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "kernels.py"
    >>> _ = path.write_text("pass")
    >>> sign_module(path, {"command": "restpoint kernels"})
    >>> check_module(path, {"command": "restpoint kernels"})
    """
    text = f"{path.read_text(encoding='utf-8').rstrip()}\n\n# {json.dumps(asked)}\n"
    path.write_text(f"{text}{_SEAL}{_digest(text)}\n", encoding="utf-8")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _not_ours(path: Path | str, command: str) -> ModelError:
    return unwritable(
        path, f"{command} did not write the file that is there; choose another name, or --overwrite"
    )


def _differs(path: Path | str, changed: list[str]) -> ModelError:
    return unwritable(
        path, f"it holds another result: {'; '.join(changed)}; choose another name, or --overwrite"
    )


def _span(axis: Any) -> str:
    values = np.atleast_1d(axis)
    if len(values) == 1:
        return f"{values[0]:g}"
    return f"{len(values)} values from {values[0]:g} to {values[-1]:g}"
