"""Confirm a solved point by simulation, and see a wrong theory refuted.

The simulation knows the dynamics alone: it draws networks, samples exp(-E/T) from hot and cold
starts, and extrapolates to infinite size.
"""

from numerics import solve
from theory import RandomNetwork, replica_symmetric
from validation import validate

network = RandomNetwork(transfer="tanh(x + 1/2)")
phases = solve(replica_symmetric(network), g=0.8, gamma=0.5, temperature=0.3).squeeze()
checked = validate(network, phases, size=[20, 40, 80], networks=12, seed=1)
for name in ("q", "Q", "rho", "energy"):
    row = checked.sel(quantity=name)
    print(
        f"{name:>6}: theory {float(row.theory):.4f}, simulation {float(row.simulation):.4f}"
        f" +- {float(row.standard_error):.4f}, {row.verdict.item()}"
    )

# replicas of an asymmetric network overlap: leaving that out is found out
wrong = phases.assign(Q=0.0)
refuted = validate(network, wrong, size=[20, 40, 80], networks=12, seed=1).sel(quantity="Q")
print("Q = 0:", refuted.reason.item())
assert refuted.verdict.item() == "refuted"
