"""What made a result: versions, model, settings."""

from __future__ import annotations

import functools
import json
from importlib import metadata as distribution
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theory.free_energy import FreeEnergy

FORMAT_VERSION = 1
"""Of all datasets; changes when variables get another name or meaning."""

version = functools.cache(distribution.version)  # a search of the disk


def provenance(free_energy: FreeEnergy, **settings: Any) -> str:
    """JSON text that says what made a result: versions, model, settings.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> json.loads(provenance(replica_symmetric(RandomNetwork())))["model"]["transfer"]
    'tanh(x)'
    """
    network = free_energy.network
    names = ("local", "gain", "transfer", "mean", "field_std", "confinement")
    packages = ("restpoint", "sympy", "numpy", "scipy", "numba", "xarray")
    return json.dumps(
        {
            "model": {name: str(getattr(network, name)) for name in names},
            "ansatz": free_energy.ansatz.name,
            "settings": settings,
            "versions": {name: version(name) for name in packages},
        }
    )
