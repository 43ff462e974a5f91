"""Refusing what does not fit in memory before anything is allocated."""

from __future__ import annotations

from pathlib import Path

import psutil

from theory.expressions import ModelError

CONTROL_GROUPS = (
    # limit and present use of version 2 and of version 1
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)
"""Files that say what a container may use, which the machine's own memory can exceed."""


def available_memory() -> int:
    """Count the bytes that this process can still take without swapping.

    Returns
    -------
    int
        The smaller of what the machine has free and what its container allows.

    Examples
    --------
    >>> available_memory() > 0
    True
    """
    available = psutil.virtual_memory().available
    for limit, used in CONTROL_GROUPS:
        try:
            left = int(Path(limit).read_text("ascii")) - int(Path(used).read_text("ascii"))
        except (OSError, ValueError):  # no such version, or no limit ("max")
            continue
        available = min(available, max(left, 0))
    return available


def check_memory(bytes_needed: float, what: str) -> None:
    """Refuse what needs more memory than there is.

    Parameters
    ----------
    bytes_needed : float
        An estimate of the largest amount in use at one time.
    what : str
        What needs it, with its sizes: the subject of the message.

    Raises
    ------
    ModelError
        With the estimate and what is available.

    Examples
    --------
    >>> check_memory(1e6, "a network of 300 units")
    >>> check_memory(1e18, "a network of 300000000 units")
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: a network of 300000000 units needs about 1e+09 GB of memory, ...
    """
    available = available_memory()
    if bytes_needed > available:
        msg = (
            f"{what} needs about {bytes_needed / 1e9:.3g} GB of memory, but"
            f" {available / 1e9:.3g} GB are available; make it smaller, do less side by side, or"
            " use a larger machine"
        )
        raise ModelError(msg)
