r"""The process of one unit that stands for a large network: dynamical mean-field theory.

The generating functional of the trajectories of a network opens ``delta(xdot - F - noise)`` by a
response field ``xh(t)`` as the replica method opens the Boltzmann weight: the disorder enters as
``exp(i sum_t xh F)``. Its average is therefore that of `theory.disorder.DisorderAverage` at
``beta = 1``, with times in place of replicas and integrals over time in place of sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp

from theory.disorder import XH, DisorderAverage, Overlap, beta, fields, i
from theory.expressions import X
from theory.smoothness import check_continuous
from theory.values import Value

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork

zeta, h = sp.symbols("zeta h", real=True)
"""The field that stands for the couplings, and the constant field."""


@dataclass(frozen=True)
class EffectiveProcess(Value):
    r"""One unit in the field of all others, for infinite size.

    The unit obeys ``dx = [a(x) + b(x) zeta + h] dt + sqrt(2 D) dW`` with

    ``zeta(t) = drive m(t) + xi(t) + memory int_0^t G(t, s) c(x(s)) ds``,

    ``xi`` Gaussian of covariance ``noise C(t, s)``, ``h`` normal of variance ``field_variance``.
    The order parameters are ``m(t) = <c(x(t))>``, ``C(t, s) = <c(x(t)) c(x(s))>`` and the
    response ``G(t, s) = d<c(x(t))>/d zeta(s)``: a perturbation is multiplied by the gain at the
    time when it acts, so that ``G(t, t) = <c' b>``.

    Parameters
    ----------
    network : RandomNetwork
        Its confinement belongs to the quasi-potential and plays no part.

    Notes
    -----
    Every product of two overlaps is opened at its stationary point, as in `theory.replicas`.
    Normalisation of the generating functional makes overlaps of response fields alone vanish,
    ``<xh b> = <xh b xh b> = 0``; and since ``i xh b`` is what a small ``zeta`` multiplies,
    ``<c(t) xh(s) b(s)> = -i G(t, s)``.

    References
    ----------
    Sompolinsky & Zippelius, Phys. Rev. B 25, 6860 (1982); Marti, Brunel & Ostojic, Phys. Rev. E
    97, 062314 (2018), eq. (7), with a = -x, b = 1.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> process = EffectiveProcess(RandomNetwork(gain="1 + x**2", transfer="tanh(x)"))
    >>> process.noise, process.memory, process.drive
    (g**2, g**2*gamma, 0)
    >>> process.force
    -x + zeta*(x**2 + 1)
    """

    network: RandomNetwork

    @cached_property
    def _average(self) -> DisorderAverage:
        return DisorderAverage(self.network)

    @cached_property
    def _opened(self) -> dict[tuple[int, int], tuple[sp.Expr, Overlap, Overlap]]:
        """Coefficient and overlaps of every product, by their numbers of response fields."""
        return {
            (pairing.first.responses, pairing.second.responses): (
                pairing.coefficient.subs(beta, 1),
                pairing.first,
                pairing.second,
            )
            for pairing in self._average.pairings
        }

    @cached_property
    def noise(self) -> sp.Expr:
        """Covariance of the Gaussian field in units of C: ``kappa C xh xh = -noise C xh xh/2``."""
        coefficient, _, _ = self._opened[0, 2]
        return -2 * coefficient

    @cached_property
    def memory(self) -> sp.Expr:
        """What multiplies the response: ``2 kappa (-i G) (xh b) c = i (xh b) memory G c``."""
        if (1, 1) not in self._opened:
            return sp.S.Zero
        coefficient, first, second = self._opened[1, 1]
        assert second == first.transposed  # a square: both ways of opening it give the same term
        return 2 * coefficient * (-sp.I) / sp.I

    @cached_property
    def drive(self) -> sp.Expr:
        """What multiplies the mean activity: ``kappa m xh b = i (xh b) drive m``."""
        return self._opened[0, 1][0] / sp.I if (0, 1) in self._opened else sp.S.Zero

    @cached_property
    def field_variance(self) -> sp.Expr:
        """Variance of the constant field, which is not multiplied by the gain."""
        return sp.Add(*(-2 * coefficient.subs(beta, 1) for coefficient, _ in self._average.singles))

    @cached_property
    def transfer(self) -> sp.Expr:
        """The function of the state whose mean, correlation and response are the order parameters.

        It is the part of the overlaps without response field.
        """
        return self._named(self._opened[0, 2][1].left)

    @cached_property
    def gain(self) -> sp.Expr:
        """What stands beside the response field in all overlaps: it multiplies every field."""
        return self._named(self._opened[0, 2][2].left / XH)

    @cached_property
    def force(self) -> sp.Expr:
        """The drift of the unit as a function of ``x``, ``zeta`` and ``h``."""
        force = self._average.force.replace(lambda node: isinstance(node, sp.Sum), lambda _: zeta)
        local = force.subs(fields[i], h).replace(
            lambda node: isinstance(node, sp.Indexed), lambda _: X
        )
        return self._named(local)

    @cached_property
    def functions(self) -> dict[str, sp.Expr]:
        """Everything that a trajectory and its linear response need, by name.

        Raises
        ------
        ModelError
            If a function of the model jumps: the response would need the density at the jump.
        """
        for name in ("local", "gain", "transfer"):
            check_continuous(
                getattr(self.network, name),
                name,
                "its response is not the mean of a derivative there",
            )
        return {
            "transfer": self.transfer,
            "transfer_slope": self.transfer.diff(X),
            "gain": self.gain,
            "force": self.force,
            "force_slope": self.force.diff(X),
        }

    def _named(self, expression: sp.Expr) -> sp.Expr:
        """Write the model's own functions in place of the opaque ones."""
        for opaque, value in self._average.functions.items():
            expression = expression.replace(opaque.func, sp.Lambda(X, value))
        return expression
