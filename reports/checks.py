"""What is refused before anything that takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.instances import Instance

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork


def check_simulable(network: RandomNetwork) -> None:
    """Refuse a model whose measure cannot be sampled because a function has no derivative.

    Parameters
    ----------
    network : RandomNetwork

    Raises
    ------
    ModelError

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> check_simulable(RandomNetwork(transfer="Max(x, 0)"))
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: transfer Max(0, x) has no continuous derivative ...
    """
    target = Instance(network, size=2).target(g=0.0, gamma=0.0)
    target.energy_and_gradient(np.zeros((2, 1)))
