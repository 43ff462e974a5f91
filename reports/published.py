"""Published order parameters that a report shows beside its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from theory.grammar import parse_expression

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork


@dataclass(frozen=True)
class PublishedValue:
    """Order parameters read by eye from a published figure, at T = 1e-4.

    Parameters
    ----------
    g, gamma : float
    values : dict
        By the name of the order parameter.
    """

    g: float
    gamma: float
    values: dict[str, float]


PUBLISHED = (
    PublishedValue(1.2, 0.0, {"q": 0.12, "Q": 0.07}),
    PublishedValue(1.2, 0.2, {"q": 0.048, "Q": 0.030}),
    PublishedValue(1.2, 0.5, {"q": 0.071, "Q": 0.046}),
    PublishedValue(1.2, 0.8, {"q": 0.086, "Q": 0.057}),
)
"""Qiu & Huang, arXiv 2401.10009, beta = 1e4, by eye from the figures."""


def published_values(network: RandomNetwork) -> list[PublishedValue]:
    """Return the published numbers if this is the published model, else none.

    Examples
    --------
    >>> from theory.ensembles import RandomNetwork
    >>> len(published_values(RandomNetwork())), len(published_values(RandomNetwork(gain="2")))
    (4, 0)
    """
    functions = (network.local, network.gain, network.transfer)
    same = functions == tuple(parse_expression(text) for text in ("-x", "1", "tanh(x)"))
    return list(PUBLISHED) if same and not any(network.values.values()) else []
