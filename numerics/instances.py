"""Networks of an ensemble by number: what every study draws, and from which random numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from numerics.scales import network_scales
from numerics.targets import network_target
from theory.ensembles import check_network
from theory.expressions import ModelError
from theory.streams import stream
from theory.values import Value

if TYPE_CHECKING:
    from numerics.scales import Scales
    from numerics.targets import Target
    from theory.ensembles import RandomNetwork


@dataclass(frozen=True)
class Instance(Value):
    """One network of an ensemble, the same in every study, on any thread, whatever else is drawn.

    Parameters
    ----------
    model : RandomNetwork
    size : int
        N.
    seed : int, optional
        Of the study.
    number : int, optional
        Of the network among those of this size.

    Raises
    ------
    ModelError
        If there are no units or the seed or the number is negative.

    Notes
    -----
    All random numbers come from the streams of ``SeedSequence(seed, spawn_key=(size, number))``,
    by name (`theory.streams`). They depend on neither g nor gamma nor the temperature, so that
    points of a line are compared on the same networks.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> first, second = (Instance(RandomNetwork(), 4, seed=1, number=k) for k in (0, 1))
    >>> bool((first.draw(1.0, 0.0)[0] == second.draw(1.0, 0.0)[0]).any())
    False
    >>> couplings, _ = first.model.draw(4, 1.0, 0.0, seed=first.sequence)
    >>> bool((couplings == first.draw(1.0, 0.0)[0]).all())
    True
    """

    model: RandomNetwork
    size: int
    seed: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        check_network(self.model, "Instance")
        for name, least in {"size": 1, "seed": 0, "number": 0}.items():
            if (value := getattr(self, name)) < least:
                raise ModelError(f"{name} must be at least {least}, not {value}")

    @property
    def scales(self) -> Scales:
        """Scales of the model."""
        return network_scales(self.model)

    @property
    def sequence(self) -> np.random.SeedSequence:
        """The seed of this network, for whatever draws random numbers for it."""
        return np.random.SeedSequence(self.seed, spawn_key=(self.size, self.number))

    def generator(self, name: str) -> np.random.Generator:
        """Make the generator of one stream; the same numbers at every call."""
        return np.random.default_rng(stream(self.sequence, name))

    def draw(self, g: float, gamma: float) -> tuple[np.ndarray, np.ndarray]:
        """Draw couplings and fields, as `theory.RandomNetwork.draw`."""
        return self.model.draw(self.size, g, gamma, self.sequence)

    def target(self, g: float, gamma: float) -> Target:
        """Draw the network and make its energy and drift."""
        couplings, fields = self.draw(g, gamma)
        return network_target(self.model, couplings, fields if self.model.field_std else None)
