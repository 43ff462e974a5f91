"""Which points a validation report compares, and how much is simulated at each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from numerics.scales import network_scales
from reports.checks import check_axes
from reports.chosen import Chosen
from reports.edge_lines import coupling_unit
from theory.ensembles import RandomNetwork
from theory.expressions import X
from validation.compare import WARM
from validation.sampling import Sampling

if TYPE_CHECKING:
    from collections.abc import Sequence


POWER_UNKNOWN = 1.25
"""Error of a limit over that of the largest size, above which the extrapolation makes it."""


@dataclass(frozen=True)
class Effort:
    """How much is simulated at every point.

    Parameters
    ----------
    size : tuple of int
        Numbers of units; three or more are extrapolated.
    networks : int
        Networks drawn at first of the largest size; of smaller ones more, in inverse proportion
        to N, as they vary more and cost less.
    sampling : Sampling
        How each of them is sampled.
    precision : float, optional
        More is simulated until the standard error of q is below this part of q,
    most_networks : int, optional
        but not more networks than this of the largest size.
    cold_size : tuple of int, optional
        Numbers of units below the temperature `validation.compare.WARM`, where the approach to
        infinite size is slower; by default as above it.
    further : int, optional
        A larger size, added to these where the unknown power of the approach makes the error,
    most_further : int, optional
        and its largest number of networks.
    """

    size: tuple[int, ...]
    networks: int
    sampling: Sampling
    precision: float = np.inf
    most_networks: int = 48
    cold_size: tuple[int, ...] = ()
    further: int | None = None
    most_further: int = 12

    def counts(self, temperature: float) -> dict[int, int]:
        """Networks of every size at first.

        Parameters
        ----------
        temperature : float
            In units of the model's energy.

        Examples
        --------
        >>> FULL.counts(0.1)
        {150: 32, 300: 16, 600: 8}
        """
        sizes = self.size if temperature >= WARM else self.cold_size or self.size
        return in_proportion(sizes, self.networks)

    def counts_after(
        self, counts: dict[int, int], relative_error: float, of_largest: float
    ) -> dict[int, int]:
        """Networks of every size that the errors ask for; the same if they will do.

        Parameters
        ----------
        counts : dict of int to int
            Networks so far.
        relative_error : float
            Of q extrapolated to infinite size.
        of_largest : float
            Of q at the largest size.

        Examples
        --------
        >>> warm, cold = FULL.counts(0.1), FULL.counts(0.03)
        >>> FULL.counts_after(warm, 0.008, 0.006) == warm
        True
        >>> FULL.counts_after(warm, 0.012, 0.008)
        {150: 80, 300: 40, 600: 20}
        >>> FULL.counts_after(cold, 0.012, 0.008)
        {100: 128, 200: 64, 400: 32, 800: 16, 1600: 8}
        """
        if relative_error <= self.precision:
            return counts
        networks = counts[max(counts)]
        power_unknown = relative_error > POWER_UNKNOWN * of_largest
        if self.further and tuple(counts) == self.cold_size and power_unknown:
            return in_proportion([*counts, self.further], networks)
        # errors fall with the square root; a little more, as this one is not known well
        wanted = 1.2 * networks * (relative_error / self.precision) ** 2
        most = self.most_further if self.further in counts else self.most_networks
        more = 4 * math.ceil(wanted / 4) if wanted < most else most
        return in_proportion(list(counts), max(networks, min(more, most)))


def in_proportion(sizes: Sequence[int], networks: int) -> dict[int, int]:
    """Numbers of networks in proportion to 1/N, given that of the largest.

    Examples
    --------
    >>> in_proportion([100, 200, 400, 800], 16)
    {100: 128, 200: 64, 400: 32, 800: 16}
    """
    return {size: round(networks * max(sizes) / size) for size in sizes}


FULL = Effort(
    size=(150, 300, 600),
    networks=8,
    # networks differ by more than four chains of one of them are uncertain
    sampling=Sampling(chains=4, draws=60, warmup=30, doublings=4, integration_time=16.0),
    precision=0.009,
    cold_size=(100, 200, 400, 800),
    further=1600,
)
QUICK = Effort(
    size=(40, 80, 160),
    networks=8,
    sampling=Sampling(chains=4, draws=64, warmup=32, doublings=2),
)
"""The quick form compares fewer points, those marked in `standard_points`."""


@dataclass(frozen=True)
class Point:
    """One point to compare.

    Parameters
    ----------
    network : RandomNetwork
    g, gamma, temperature : float
    number : int
        Fixes the seed, whatever other points are compared.
    """

    network: RandomNetwork
    g: float
    gamma: float
    temperature: float
    number: int

    @property
    def reduced_temperature(self) -> float:
        """The temperature in units of the model's energy."""
        return network_scales(self.network).reduced(self.temperature)

    @property
    def label(self) -> str:
        """The model in a few characters."""
        return describe(self.network)

    def seed(self, base: int) -> int:
        """Seed of the networks of this point in a report with the seed ``base``."""
        return 1000 * base + self.number


def describe(network: RandomNetwork) -> str:
    """Name a model by what differs from a = -x, b = 1 and no further terms.

    Examples
    --------
    >>> describe(RandomNetwork()), describe(RandomNetwork(gain="2", field_std=0.3))
    ('tanh(x)', 'tanh(x), b = 2, σ_h = 0.3')
    """
    parts = [str(network.transfer)]
    if network.local != -X:
        parts.append(f"a = {network.local}")
    if network.gain != 1:
        parts.append(f"b = {network.gain}")
    numbers = {"μ": network.mean, "σ_h": network.field_std, "η": network.confinement}
    return ", ".join([*parts, *(f"{sign} = {value:g}" for sign, value in numbers.items() if value)])


# model: (g, gamma, T) and whether the quick form has the point. The position in the list is the
# number that fixes the seed, so new points go to the end.
_TANH: dict[str, object] = {}
_SHIFTED: dict[str, object] = {"transfer": "tanh(x + 1/2)"}
_STANDARD: tuple[tuple[dict[str, object], tuple[float, float, float], bool], ...] = (
    (_TANH, (0.8, 0.0, 0.1), True),
    (_TANH, (1.2, 0.0, 0.03), False),
    (_TANH, (1.2, 0.0, 0.1), True),
    (_TANH, (1.2, 0.0, 0.3), True),
    (_TANH, (0.5, 0.5, 0.1), True),
    (_TANH, (0.8, 0.5, 0.1), True),
    (_TANH, (1.2, 0.5, 0.03), False),
    (_TANH, (1.2, 0.5, 0.1), True),
    (_TANH, (1.2, 0.5, 0.3), True),
    (_TANH, (0.8, 0.2, 0.1), False),
    (_TANH, (1.2, 0.2, 0.1), False),
    (_TANH, (0.5, 0.8, 0.1), False),
    (_TANH, (1.2, 0.8, 0.1), False),
    (_TANH, (0.8, -0.2, 0.1), False),
    (_TANH, (1.2, -0.2, 0.1), False),
    (_TANH, (1.2, -0.5, 0.1), False),
    (_SHIFTED, (0.8, 0.0, 0.1), False),
    (_SHIFTED, (1.2, -0.5, 0.1), False),
    (_SHIFTED, (1.2, 0.5, 0.03), False),
    (_SHIFTED, (1.2, 0.5, 0.1), True),
    (_SHIFTED, (1.2, 0.5, 0.3), True),
    ({"transfer": "1/(1 + exp(-2*x))"}, (1.0, 0.2, 0.1), False),
    ({"transfer": "1/(1 + exp(-2*x))"}, (2.0, 0.2, 0.1), False),
    ({"transfer": "erf(x)"}, (1.0, 0.0, 0.1), False),
    ({"transfer": "x/sqrt(1 + x**2)"}, (1.2, 0.5, 0.1), False),
    ({"transfer": "atan(x)"}, (1.2, 0.2, 0.3), False),
    ({"gain": "1/(1 + x**2)"}, (1.2, 0.2, 0.1), False),
    ({"gain": "1 + tanh(x)/2"}, (1.0, 0.2, 0.1), False),
    ({"field_std": 0.3}, (1.0, 0.5, 0.1), True),
    ({"field_std": 0.3}, (1.2, 0.0, 0.1), False),
    ({**_SHIFTED, "mean": 0.5}, (1.0, 0.2, 0.1), False),
    ({"confinement": 0.1}, (1.2, 0.5, 0.1), False),
)


def standard_points(*, quick: bool = False) -> list[Point]:
    """List the points of the report: many models, below and above the transition.

    Temperatures are those at which plain sampling still mixes.

    Examples
    --------
    >>> len(standard_points()) >= 24, len(standard_points(quick=True)) < 12
    (True, True)
    """
    return [
        Point(RandomNetwork(**model), *values, number)  # type: ignore[arg-type]
        for number, (model, values, in_quick) in enumerate(_STANDARD, start=1)
        if in_quick or not quick
    ]


def points_of(
    network: RandomNetwork, *, quick: bool = False, chosen: Chosen | None = None
) -> list[Point]:
    """List points of one model, below and above its transition.

    Temperatures are multiples of the model's energy, unless they are chosen.

    Parameters
    ----------
    network : RandomNetwork
    quick : bool
    chosen : Chosen, optional
        Values of axes that take the place of these.

    Raises
    ------
    ModelError
        If a chosen value is out of range.

    Examples
    --------
    >>> [point.temperature for point in points_of(RandomNetwork(), quick=True)]
    [0.1, 0.3, 0.1, 0.3, 0.1, 0.3, 0.1, 0.3]
    """
    energy, unit = network_scales(network).energy, coupling_unit(network)
    temperatures = [energy * T for T in ((0.1, 0.3) if quick else (0.03, 0.1, 0.3))]
    chosen = chosen or Chosen()
    own = {
        "g": [round(part * unit, 12) for part in (0.6, 1.2)],
        "gamma": (0.0, 0.5),
        "temperature": temperatures,
    }
    axes = {name: chosen.axis(name, values) for name, values in own.items()}
    check_axes(network, axes, sampled=True)
    places = product(*axes.values())
    return [
        Point(network, g, gamma, temperature, number)
        for number, (g, gamma, temperature) in enumerate(places, start=1)
    ]
