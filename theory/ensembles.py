"""Ensembles of random networks: three functions, a few numbers, and the couplings they draw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from scipy.sparse import csr_array

from theory.expressions import ModelError, X, check_on_line
from theory.grammar import read_function
from theory.streams import stream
from theory.values import Value

g, gamma, T = (
    sp.Symbol("g", nonnegative=True),
    sp.Symbol("gamma", real=True),
    sp.Symbol("T", nonnegative=True),
)
mu, sigma_h, eta = (
    sp.Symbol("mu", real=True),
    sp.Symbol("sigma_h", nonnegative=True),
    sp.Symbol("eta", nonnegative=True),
)

BLOCK = 512
"""Rows and columns of couplings that are mixed at once."""

PARAMETERS = (g, gamma, T, mu, sigma_h, eta)
"""What a functional depends on beside the order parameters, in the order of kernels' arrays."""


@dataclass(frozen=True)
class RandomNetwork(Value):
    r"""A random recurrent network with partly reciprocal Gaussian couplings.

    The dynamics of unit ``i`` is
    ``dx_i/dt = a(x_i) + b(x_i) sum_j J_ij c(x_j) + h_i``, in units of the single-unit time
    constant, with ``J_ij = mu/N + g/sqrt(N) z_ij``, ``E z_ij^2 = 1``, ``E z_ij z_ji = gamma``
    for i != j, ``E z_ii^2 = 1 + gamma`` and ``h_i`` normal with standard deviation
    ``field_std``. The quasi-potential is ``1/2 sum F_i^2 + confinement sum x_i^2``.
    ``g``, ``gamma`` and the temperature are not part of the model; they stay symbols.

    Parameters
    ----------
    local, gain, transfer : sympy.Expr or str
        The functions a, b and c of ``x``; text is read by
        `theory.grammar.parse_expression`.
    mean : float
        ``mu``, the sum of the mean couplings into a unit.
    field_std : float
        Standard deviation of the constant random fields.
    confinement : float
        ``eta >= 0``.

    Raises
    ------
    ModelError
        If a function is not real and finite on the line or a number is out of range.

    References
    ----------
    Qiu & Huang, arXiv 2401.10009, eqs. (1) and (2), where a = -x, b = 1, c = tanh.

    Examples
    --------
    >>> RandomNetwork(transfer="tanh(x)")
    RandomNetwork(local=-x, gain=1, transfer=tanh(x), mean=0, field_std=0, confinement=0)
    """

    local: sp.Expr = -X
    gain: sp.Expr = sp.Integer(1)
    transfer: sp.Expr = sp.tanh(X)
    mean: float = 0
    field_std: float = 0
    confinement: float = 0

    def __post_init__(self) -> None:
        for name in ("local", "gain", "transfer"):
            value = read_function(getattr(self, name), name)
            check_on_line(value, name)
            object.__setattr__(self, name, value)
        if X not in self.transfer.free_symbols or self.gain == 0:
            msg = f"transfer {self.transfer} with gain {self.gain} couples nothing; use a function"
            raise ModelError(msg)
        for name in ("mean", "field_std", "confinement"):
            value = _number(getattr(self, name), name)
            if not np.isfinite(float(value)) or (name != "mean" and value < 0):
                rule = "a finite number" if name == "mean" else "a finite number >= 0"
                msg = f"{name} must be {rule}, not {value}"
                raise ModelError(msg)
        if X not in self.local.free_symbols and self.confinement == 0:
            msg = f"local {self.local} does not depend on x, so the potential cannot confine x"
            raise ModelError(msg)

    def _repr_latex_(self) -> str:
        receiving, sending = sp.Symbol("x_i"), sp.Symbol("x_j")
        local, gain = (sp.latex(f.subs(X, receiving)) for f in (self.local, self.gain))
        drive = rf"\sum_j J_{{ij}} \left[{sp.latex(self.transfer.subs(X, sending))}\right]"
        gain = "" if self.gain == 1 else rf"\left[{gain}\right] "
        fields = " + h_i" if self.field_std else ""
        mean = r"\frac{\mu}{N} + " if self.mean else ""
        return (
            rf"$\displaystyle \dot x_i = {local} + {gain}{drive}{fields}, \quad"
            rf" J_{{ij}} = {mean}\frac{{g}}{{\sqrt{{N}}}} z_{{ij}}$"
        )

    @cached_property
    def values(self) -> dict[sp.Symbol, float]:
        """Values of the model's own symbols ``mu``, ``sigma_h`` and ``eta``."""
        return {mu: self.mean, sigma_h: self.field_std, eta: self.confinement}

    @property
    def vanishing(self) -> dict[sp.Symbol, int]:
        """The model's symbols that are exactly zero and drop out of every equation."""
        return {symbol: 0 for symbol, value in self.values.items() if value == 0}

    def coupling_mean(self, size: sp.Expr) -> sp.Expr:
        """Mean of one coupling ``J_ij`` in a network of ``size`` units."""
        return mu / size

    def coupling_covariance(
        self, first: tuple[sp.Expr, sp.Expr], second: tuple[sp.Expr, sp.Expr], size: sp.Expr
    ) -> sp.Expr:
        """Covariance of ``J_ij`` and ``J_kl`` as an expression in Kronecker deltas.

        Examples
        --------
        >>> N = sp.Symbol("N")
        >>> RandomNetwork().coupling_covariance((1, 1), (1, 1), N)
        g**2*(gamma + 1)/N
        """
        (i, j), (k, l) = first, second
        delta = sp.KroneckerDelta
        return g**2 / size * (delta(i, k) * delta(j, l) + gamma * delta(i, l) * delta(j, k))

    def draw(
        self, size: int, g: float, gamma: float, seed: int | np.random.SeedSequence = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw the couplings and fields of one network.

        Parameters
        ----------
        size : int
            N, the number of units.
        g : float
            Coupling strength, ``>= 0``.
        gamma : float
            Reciprocity, between -1 and 1; exactly (anti)symmetric at the ends.
        seed : int or numpy.random.SeedSequence
            The same seed gives the same bits, with the standardised random numbers of the
            couplings whatever g, gamma and the mean are. Network number k of a study with an
            integer seed is ``numerics.instances.Instance(network, size, seed, k).draw(g, gamma)``;
            no such network is that of the integer seed itself.

        Returns
        -------
        couplings : ndarray, shape (N, N)
            ``J``; the first index is the receiving unit.
        fields : ndarray, shape (N,)
            ``h``.

        Raises
        ------
        ModelError
            If a parameter is out of range.

        Examples
        --------
        >>> J, h = RandomNetwork().draw(size=4, g=1.0, gamma=1.0, seed=1)
        >>> bool((J == J.T).all())
        True
        """
        check_parameters(g=g, gamma=gamma)
        _check_size(size)
        couplings = np.random.default_rng(stream(seed, "couplings")).standard_normal((size, size))
        _mix_with_transpose(couplings, *_shares(gamma))
        couplings *= g / np.sqrt(size)
        if self.mean:
            couplings += self.mean / size
        return couplings, self._fields(size, seed)

    def draw_sparse(
        self,
        size: int,
        g: float,
        gamma: float,
        connections: float,
        seed: int | np.random.SeedSequence = 0,
    ) -> tuple[csr_array, np.ndarray]:
        """Draw a network in which a unit is coupled to few others.

        Every pair of units is connected, in both directions, with the probability
        ``p = connections/N``; a connection carries ``mu/(p N) + g/sqrt(p N) z_ij`` with the
        statistics of the class. For many connections per unit the theory is that of `draw`.

        Parameters
        ----------
        size : int
            N, the number of units.
        g, gamma : float
            As for `draw`.
        connections : float
            Mean number of connections of a unit, above 0 and at most N.
        seed : int or numpy.random.SeedSequence
            The same seed gives the same bits.

        Returns
        -------
        couplings : scipy.sparse.csr_array, shape (N, N)
        fields : ndarray, shape (N,)

        Raises
        ------
        ModelError
            If a parameter is out of range.

        Examples
        --------
        >>> J, h = RandomNetwork().draw_sparse(1000, g=1.0, gamma=-1.0, connections=50, seed=1)
        >>> bool(abs(J + J.T).max() == 0), 45 < J.nnz / 1000 < 55
        (True, True)
        """
        check_parameters(g=g, gamma=gamma)
        _check_size(size)
        if not 0 < connections <= size:
            msg = f"connections must lie above 0 and not above the size {size}, not {connections}"
            raise ModelError(msg)
        pairs, values = (
            np.random.default_rng(stream(seed, name)) for name in ("connections", "couplings")
        )
        rows, columns = _connected_pairs(size, connections / size, pairs)
        direct, transposed = _shares(gamma)
        first, second = values.standard_normal((2, len(rows)))
        forth = direct * first + transposed * second
        back = direct * second + transposed * first
        own = rows == columns
        forth[own] = (direct + transposed) * first[own]
        weights = np.concatenate([forth, back[~own]]) * g / np.sqrt(connections)
        weights += self.mean / connections
        ends = np.concatenate([rows, columns[~own]]), np.concatenate([columns, rows[~own]])
        couplings = csr_array((weights, ends), shape=(size, size))
        return couplings, self._fields(size, seed)

    def _fields(self, size: int, seed: int | np.random.SeedSequence) -> np.ndarray:
        generator = np.random.default_rng(stream(seed, "fields"))
        return self.field_std * generator.standard_normal(size)


def _number(value: Any, name: str) -> Any:
    """Refuse what is not one real number; what is keeps its type."""
    if not isinstance(value, (int, float, np.number, sp.Number)) or isinstance(value, bool):
        msg = (
            f"{name} must be one number, not {value!r}: the units of a network are of one kind;"
            f" write {name}=0.5, and call solve for several values"
        )
        raise ModelError(msg)
    return value


def check_network(value: Any, what: str) -> None:
    """Refuse what is no ensemble of networks, and say what to call instead.

    Parameters
    ----------
    value : object
    what : str
        What needs the network, for the message.

    Raises
    ------
    ModelError

    Examples
    --------
    >>> check_network("tanh(x)", "validate")
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: validate needs a RandomNetwork, not the str 'tanh(x)'; ...
    """
    if isinstance(value, RandomNetwork):
        return
    if hasattr(value, "drift") and hasattr(value, "variables"):
        advice = (
            "an explicit system has no disorder average; QuasiPotential(dynamics) gives its"
            " potential, numerics.targets.dynamics_target(dynamics) what searches and samplers take"
        )
    elif hasattr(value, "network"):
        advice = "give its .network"
    else:
        advice = "make one, as in RandomNetwork(local='-x', transfer='tanh(x)')"
    msg = f"{what} needs a RandomNetwork, not the {type(value).__name__} {value!s}; {advice}"
    if isinstance(value, str):
        msg = f"{what} needs a RandomNetwork, not the str {value!r}; {advice}"
    raise ModelError(msg)


def _check_size(size: int) -> None:
    if size < 1:
        msg = f"size must be at least 1, not {size}"
        raise ModelError(msg)


def _shares(gamma: float) -> tuple[float, float]:
    """Factors of W and its transpose that make correlated couplings of independent ones."""
    # symmetric and antisymmetric parts carry the shares (1 + gamma)/2 and (1 - gamma)/2
    symmetric, antisymmetric = np.sqrt((1 + gamma) / 4), np.sqrt((1 - gamma) / 4)
    return symmetric + antisymmetric, symmetric - antisymmetric


def _connected_pairs(
    size: int, probability: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns, row <= column, of the pairs that are connected, each independently."""
    first = np.arange(size, dtype=np.int64)
    first = first * size - first * (first - 1) // 2  # place of the diagonal in the list of pairs
    total = size * (size + 1) // 2
    places = np.empty(0, dtype=np.int64)
    reached = -1
    # gaps between successes of independent trials are geometric
    while reached < total:
        expected = (total - reached) * probability
        gaps = generator.geometric(probability, int(expected + 5 * np.sqrt(expected) + 10))
        further = reached + np.cumsum(gaps)
        places, reached = np.append(places, further), int(further[-1])
    places = places[places < total]
    rows = np.searchsorted(first, places, side="right") - 1
    columns = rows + places - first[rows]
    # products with short indices are faster
    return rows.astype(np.int32), columns.astype(np.int32)


def _mix_with_transpose(matrix: np.ndarray, direct: float, transposed: float) -> None:
    """Replace W by ``direct W + transposed W^T`` block by block: one large matrix is enough."""
    starts = range(0, len(matrix), BLOCK)
    for i in starts:
        for j in starts[i // BLOCK :]:
            rows, columns = slice(i, i + BLOCK), slice(j, j + BLOCK)
            above, below = matrix[rows, columns].copy(), matrix[columns, rows].T.copy()
            matrix[rows, columns] = direct * above + transposed * below
            matrix[columns, rows] = (direct * below + transposed * above).T


def check_parameters(
    g: float = 0, gamma: float = 0, temperature: float = 1, confinement: float = 0
) -> None:
    """Refuse couplings and temperatures outside their range.

    Examples
    --------
    >>> check_parameters(g=1.2, gamma=1.5)
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: gamma must lie between -1 and 1, not 1.5
    """
    if not (np.isfinite(g) and g >= 0):
        msg = f"g must be a finite number >= 0, not {g}"
        raise ModelError(msg)
    if not -1 <= gamma <= 1:
        msg = f"gamma must lie between -1 and 1, not {gamma}"
        raise ModelError(msg)
    if not (np.isfinite(temperature) and temperature >= 0):
        msg = f"temperature must be a finite number >= 0, not {temperature}"
        raise ModelError(msg)
    if temperature == 0 and confinement > 0:
        msg = (
            "temperature 0 with confinement > 0 has no limit of its own (x = 0 becomes the ground"
            " state at every g); use confinement 0 or a positive temperature"
        )
        raise ModelError(msg)
