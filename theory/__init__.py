"""Symbolic theory: models, quasi-potentials, replica free energies, and the code they generate."""

from theory.ensembles import RandomNetwork
from theory.expressions import ModelError, parse_expression
from theory.free_energy import FreeEnergy, replica_symmetric

__all__ = ["FreeEnergy", "ModelError", "RandomNetwork", "parse_expression", "replica_symmetric"]
