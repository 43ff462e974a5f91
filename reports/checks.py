"""What is refused before anything that takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.instances import Instance

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork


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
