"""Numbers on the command line: single, in lists, in ranges."""

from __future__ import annotations

from typing import NoReturn

MOST_VALUES = 1_000_000
LARGEST_SIZE = 20_000
"""Units of a simulated network; its couplings take the square of that in memory."""


def parse_axis(text: str, name: str = "value") -> list[float]:
    """Read a number, a list ``0.8,1.0`` or a range ``start:stop:count`` with both ends.

    Parameters
    ----------
    text : str
    name : str
        What to call it in a message.

    Returns
    -------
    list of float

    Raises
    ------
    ModelError
        If a part is not a finite number, or the range is empty or reversed.

    Examples
    --------
    >>> parse_axis("0.4:1.4:5")
    [0.4, 0.65, 0.9, 1.15, 1.4]
    >>> parse_axis("1.4:0.4:5", "g")
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: g: the range 1.4:0.4:5 is reversed; write the smaller end first
    """
    if ":" not in text:
        return [parse_number(part, name) for part in text.split(",")]
    import numpy as np  # noqa: PLC0415  (the command's help must come without it)

    parts = text.split(":")
    if len(parts) != 3:
        refuse(name, f"cannot read the range {text!r}; write start:stop:count, as in 0.4:1.4:101")
    start, stop = parse_number(parts[0], name), parse_number(parts[1], name)
    count = int(parts[2]) if parts[2].strip().isdecimal() else 0
    if not 1 <= count <= MOST_VALUES:
        rule = f"the count must be a whole number between 1 and {MOST_VALUES}"
        refuse(name, f"the range {text} cannot be used; {rule}")
    if start > stop:
        refuse(name, f"the range {text} is reversed; write the smaller end first")
    if (start == stop) != (count == 1):
        rule = "one value needs equal ends, and several values need different ends"
        refuse(name, f"the range {text} contradicts itself; {rule}")
    # 15 digits: 1.2 instead of 1.2000000000000002
    return [float(f"{value:.15g}") for value in np.linspace(start, stop, count)]


def parse_number(text: str, name: str = "value") -> float:
    """Read one finite number.

    Examples
    --------
    >>> parse_number("1e-4")
    0.0001
    """
    try:
        value = float(text)
    except ValueError:
        refuse(name, f"{text!r} is not a number; write it like 0.5 or 1e-4")
    if not abs(value) < float("inf"):
        refuse(name, f"{text.strip()} is not a finite number")
    return value


def parse_sizes(text: str, name: str = "value") -> list[int]:
    """Read numbers of units: one, a list or a range as in `parse_axis`, but whole.

    Parameters
    ----------
    text : str
    name : str
        What to call it in a message.

    Returns
    -------
    list of int

    Raises
    ------
    ModelError
        If one is not a whole number between 2 and `LARGEST_SIZE`, or appears twice.

    Examples
    --------
    >>> parse_sizes("250,500,1000")
    [250, 500, 1000]
    >>> parse_sizes("0", "--size")
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: --size: 0 units cannot be simulated; use between 2 and 20000
    """
    values = parse_axis(text, name)
    for value in values:
        if value != round(value):
            refuse(name, f"{value:g} is not a whole number of units")
        if not 2 <= value <= LARGEST_SIZE:
            rule = f"use between 2 and {LARGEST_SIZE}"
            refuse(name, f"{value:g} units cannot be simulated; {rule}")
        if values.count(value) > 1:
            refuse(name, f"{value:g} appears twice; more networks of a size come from --networks")
    return [int(value) for value in values]


def refuse(name: str, message: str) -> NoReturn:
    """Raise a `ModelError` that begins with a name."""
    from theory.expressions import ModelError  # noqa: PLC0415  (it brings SymPy)

    raise ModelError(f"{name}: {message}")
