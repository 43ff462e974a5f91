"""What is refused before anything that takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.targets import network_target

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
    # two units without couplings
    target = network_target(network, np.zeros((2, 2)), np.zeros(2) if network.field_std else None)
    target.energy_and_gradient(np.zeros((2, 1)))
