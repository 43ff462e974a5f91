"""All beside the settings on which the last digit of a result depends."""

from __future__ import annotations

import functools
import hashlib
import platform
from importlib import metadata as distribution
from pathlib import Path

import llvmlite.binding

PACKAGES = ("theory", "numerics", "validation")
LIBRARIES = ("numpy", "numba", "scipy", "sympy")


@functools.cache
def fingerprint() -> dict[str, str]:
    """Name the source text of this package, the libraries that calculate, and the processor.

    Returns
    -------
    dict of str to str
        Where two runs with the same settings have the same fingerprint, their results have the
        same bits.

    Examples
    --------
    >>> list(fingerprint())
    ['restpoint', 'source', 'numpy', 'numba', 'scipy', 'sympy', 'python', 'processor']
    """
    root = Path(__file__).parents[1]
    sources = sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))
    text = "".join(path.read_text("utf-8") for path in sources)
    return {
        "restpoint": distribution.version("restpoint"),
        # a checkout changes without a new version
        "source": hashlib.sha256(text.encode()).hexdigest()[:16],
        **{name: distribution.version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "processor": f"{platform.machine()} {llvmlite.binding.get_host_cpu_name()}",
    }
