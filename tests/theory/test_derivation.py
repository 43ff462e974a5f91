"""The derivation renders in every form, from the objects that are computed with."""

import xml.etree.ElementTree as ElementTree

from theory import RandomNetwork, replica_symmetric

NETWORK = RandomNetwork(
    gain="1 + tanh(x)/2", transfer="tanh(x + 1/2)", mean=0.5, field_std=0.3, confinement=0.1
)


def test_html_is_well_formed_and_complete():
    derivation = replica_symmetric(NETWORK).derivation
    tree = ElementTree.fromstring(derivation.html())
    assert len(tree.findall("section")) == len(derivation.steps)
    assert all(step.equations for step in derivation.steps)


def test_latex_has_balanced_braces():
    text = replica_symmetric(NETWORK).derivation.latex()
    assert text.count("{") == text.count("}")
    assert text.count(r"\left") == text.count(r"\right") + text.count(r"\rightarrow")


def test_text_holds_the_stationarity_equations():
    free_energy = replica_symmetric(NETWORK)
    text = free_energy.derivation.text()
    for equation in free_energy.stationarity:
        assert f"{equation.lhs} = {equation.rhs}" in text
    assert "Symmetric branch" not in text


def test_symmetric_model_shows_its_reduction():
    assert "Symmetric branch" in replica_symmetric(RandomNetwork()).derivation.text()
