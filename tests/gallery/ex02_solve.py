"""Solve the edge of chaos for another sigmoid and find its response peak."""

import numpy as np

from numerics import solve
from theory import RandomNetwork, replica_symmetric

free_energy = replica_symmetric(RandomNetwork(transfer="erf(x)"))
points = solve(free_energy, g=np.linspace(0.3, 1.2, 181), gamma=[0.0, 0.5], temperature=1e-6)
print(points[["q", "rho", "residual", "quadrature_error"]])
assert points.converged.all()

# the slope of erf at 0 is 2/sqrt(pi), so the response is singular at g (1 + gamma) = sqrt(pi)/2
# (at gamma = 0 the response is flat below the onset and has no peak)
for gamma in points.gamma.values[points.gamma.values > 0]:
    peak = points.rho.sel(gamma=gamma).squeeze().idxmax("g").item()
    onset = np.sqrt(np.pi) / 2 / (1 + gamma)
    print(f"gamma = {gamma}: response peak at g = {peak:.3f}, theory {onset:.3f}")

# a point without a solution says why and stays NaN
cold = solve(free_energy, g=0.5, gamma=0.0, temperature=0.0)
print(cold.reason.item())
assert not cold.converged.item()
