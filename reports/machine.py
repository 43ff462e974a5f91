"""What a benchmark ran on."""

from __future__ import annotations

import platform
from pathlib import Path

import numba
import numpy as np
from threadpoolctl import threadpool_info

from reports.options import usable_cores


def machine() -> dict[str, str]:
    """Describe processor, system and the libraries that times depend on.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> list(machine())[:2]
    ['processor', 'cores usable']
    """
    return {
        "processor": _processor(),
        "cores usable": str(usable_cores()),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "Numba": numba.__version__,
        "BLAS": "; ".join(_libraries()) or "unknown to threadpoolctl",
    }


def _processor() -> str:
    """Model name; ``platform`` does not know it on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _libraries() -> list[str]:
    """Name, version, kernel and threads of every BLAS that is loaded."""
    return [
        f"{library['internal_api']} {library['version']}"
        f" ({library.get('architecture', 'unknown kernel')}, {library['num_threads']} threads)"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    ]
