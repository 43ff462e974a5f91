"""Derive the saddle-point equations of a model with an asymmetric transfer function.

The model is three functions and a few numbers; everything below is a SymPy expression.
"""

import sympy as sp

from theory import QuasiPotential, RandomNetwork, replica_symmetric

network = RandomNetwork(local="-x", transfer="tanh(x + 1/2)")

# the squared speed of the dynamics and its gradient, for any number of units
potential = QuasiPotential(network)
print("dE/dx_k =", potential.gradient)

# the replica calculation, step by step
free_energy = replica_symmetric(network)
print(free_energy.derivation.text())

# its result: equations for the order parameters, ready for further algebra
for equation in free_energy.stationarity:
    print(equation.lhs, "=", equation.rhs)

# an odd transfer function has a symmetric branch with three equations only
odd = replica_symmetric(RandomNetwork(transfer=sp.atan(sp.Symbol("x", real=True))))
assert [str(symbol) for symbol in odd.symmetric.symbols] == ["q", "rho", "q_hat"]
