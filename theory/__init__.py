"""Symbolic theory: models, quasi-potentials, replica free energies, and the code they generate."""

from theory.dynamics import Dynamics
from theory.ensembles import RandomNetwork
from theory.expressions import ModelError
from theory.free_energy import FreeEnergy, replica_symmetric
from theory.grammar import parse_expression
from theory.potential import QuasiPotential

__all__ = [
    "Dynamics",
    "FreeEnergy",
    "ModelError",
    "QuasiPotential",
    "RandomNetwork",
    "parse_expression",
    "replica_symmetric",
]
