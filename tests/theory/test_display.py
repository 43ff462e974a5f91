"""What a session shows: short texts, mathematics with hats, the equation of a model."""

from theory import Dynamics, QuasiPotential, RandomNetwork, replica_symmetric


def test_derivation_has_a_short_representation():
    derivation = replica_symmetric(RandomNetwork()).derivation
    shown = repr(derivation)
    assert len(shown) < 600
    assert f"{len(derivation.steps)} steps" in shown
    assert derivation.steps[-1].title in shown


def test_conjugates_have_hats():
    free_energy = replica_symmetric(RandomNetwork())
    for shown in (free_energy._repr_latex_(), free_energy.stationarity._repr_latex_()):
        assert r"\hat{Q}" in shown
        assert "hat}" not in shown.replace(r"\hat{", "")
    assert len(free_energy.stationarity) == len(free_energy.symbols)


def test_models_show_their_equation():
    network = RandomNetwork(gain="1/(1 + x**2)", mean=1, field_std=0.5)
    shown = network._repr_latex_()
    for part in (r"\dot x_i", r"\sum_j J_{ij}", r"\tanh", "h_i", r"\mu", "x_{i}^{2}"):
        assert part in shown
    plain = RandomNetwork()._repr_latex_()
    assert "h_i" not in plain
    assert r"\mu" not in plain
    system = Dynamics(["x", "y"], ["y", "-x"])
    assert r"\dot {x} &= y" in system._repr_latex_()
    assert "E" in QuasiPotential(system)._repr_latex_()
