"""What is refused before anything that takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.instances import Instance
from theory.ensembles import check_parameters
from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from theory.ensembles import RandomNetwork


def check_axes(
    network: RandomNetwork, axes: Mapping[str, Sequence[float]], *, sampled: bool = False
) -> None:
    """Refuse values of ``g``, ``gamma`` and ``temperature`` that are out of range.

    Parameters
    ----------
    network : RandomNetwork
    axes : dict of str to sequence of float
    sampled : bool
        Whether the measure is sampled, which needs positive temperatures.

    Raises
    ------
    ModelError

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> check_axes(RandomNetwork(), {"temperature": [0.0, 0.1]}, sampled=True)
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: temperature 0 has no measure to sample; ...
    """
    for name, values in axes.items():
        for value in values:
            check_parameters(**{name: value}, confinement=network.confinement)
    if sampled and 0 in axes.get("temperature", ()):
        msg = "temperature 0 has no measure to sample; validate at a positive temperature"
        raise ModelError(msg)


def check_simulable(network: RandomNetwork) -> None:
    """Refuse a model whose measure cannot be sampled because a function jumps.

    Parameters
    ----------
    network : RandomNetwork

    Raises
    ------
    ModelError

    Examples
    --------
    >>> import sympy as sp
    >>> from theory import RandomNetwork
    >>> from theory.expressions import X
    >>> check_simulable(RandomNetwork(transfer=sp.Heaviside(X)))
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: transfer Heaviside(x) jumps at x = 0: the energy ...
    """
    target = Instance(network, size=2).target(g=0.0, gamma=0.0)
    target.energy_and_gradient(np.zeros((2, 1)))
