"""The effective process of one unit: known equations, and the gain beside every field."""

from __future__ import annotations

import pytest
import sympy as sp

from theory import RandomNetwork
from theory.effective_process import EffectiveProcess, h, zeta
from theory.ensembles import g, gamma, mu, sigma_h
from theory.expressions import ModelError, X

FULL = RandomNetwork(
    local="-x - x**3", gain="1/(1 + x**2)", transfer="tanh(x + 1/2)", mean=0.3, field_std=0.2
)


def test_sompolinsky_crisanti_sommers():
    """dx/dt = -x + xi with <xi xi> = g^2 <c c>, and a memory only with reciprocity."""
    process = EffectiveProcess(RandomNetwork())
    assert process.force == -X + zeta
    assert (process.noise, process.memory) == (g**2, g**2 * gamma)
    assert (process.drive, process.field_variance) == (0, 0)
    assert (process.transfer, process.gain) == (sp.tanh(X), 1)


def test_all_terms():
    process = EffectiveProcess(FULL)
    assert sp.simplify(process.force - (-X - X**3 + zeta / (1 + X**2) + h)) == 0
    assert (process.noise, process.memory) == (g**2, g**2 * gamma)
    assert (process.drive, process.field_variance) == (mu, sigma_h**2)


def test_fields_are_multiplied_by_what_stands_beside_the_response_field():
    process = EffectiveProcess(FULL)
    assert process.force.diff(zeta).equals(process.gain)
    assert process.gain.equals(1 / (1 + X**2))
    assert process.force.diff(h) == 1
    assert process.functions["force_slope"].equals(process.force.diff(X))


def test_kinks_but_no_jumps():
    process = EffectiveProcess(RandomNetwork(transfer="Max(0, x)"))
    assert process.functions["transfer_slope"].subs(X, 2) == 1
    jumping = EffectiveProcess(RandomNetwork(gain=2 + sp.sign(X)))
    with pytest.raises(ModelError, match=r"gain sign\(x\) \+ 2 jumps at x = 0"):
        _ = jumping.functions
