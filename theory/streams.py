"""Streams of random numbers: a seed and a name give one stream, and no two share a number."""

from __future__ import annotations

from zlib import crc32

import numpy as np

from theory.expressions import ModelError

NAMES = ("couplings", "connections", "fields", "starts", "momenta", "noise", "tangents")
"""What random numbers are for: the couplings of a network and which of them exist, its fields;
the first states; momenta and acceptance of Monte Carlo; Wiener processes; tangent vectors."""


def stream(seed: int | np.random.SeedSequence, name: str) -> np.random.SeedSequence:
    """Give the seed of one stream under a seed.

    Parameters
    ----------
    seed : int or numpy.random.SeedSequence
        Whatever draws random numbers takes a seed of this kind and names its streams under it, so
        that the same seed may be given to all: `theory.RandomNetwork.draw`,
        `validation.starts.starting_states`, `validation.trajectories.simulate_dynamics`, ...
    name : str
        One of `NAMES`.

    Returns
    -------
    numpy.random.SeedSequence
        A child of the seed, whose key ends with a number made of the name; children by
        `spawn`, whose keys count from 0, are others. The seed counts no children: the same seed
        and name give the same stream at any time.

    Raises
    ------
    ModelError
        If the name is unknown.

    Examples
    --------
    >>> couplings, starts = (np.random.default_rng(stream(0, n)) for n in ("couplings", "starts"))
    >>> bool(couplings.random() == starts.random())
    False
    >>> stream(7, "noise").spawn_key == stream(np.random.SeedSequence(7), "noise").spawn_key
    True
    """
    if name not in NAMES:
        raise ModelError(f"unknown stream {name!r}; use one of {', '.join(NAMES)}")
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    key = (*root.spawn_key, crc32(name.encode()))
    return np.random.SeedSequence(root.entropy, spawn_key=key, pool_size=root.pool_size)
