"""Search the fixed points of one chaotic network, and count what minimisation finds instead."""

import numpy as np

from numerics import find_fixed_points
from numerics.targets import network_target
from theory import RandomNetwork
from validation.starts import starting_states

network = RandomNetwork(transfer="tanh(x)")
couplings, _ = network.draw(size=150, g=2.0, gamma=0.0, seed=2)
target = network_target(network, couplings)
starts = starting_states(target, count=20, seed=0)

found = find_fixed_points(target, starts)
assert (found.kind == "zero").all()
for k in range(found.sizes["fixed_point"]):
    point = found.isel(fixed_point=k)
    activity = np.mean(np.tanh(point.state) ** 2)
    print(
        f"<c^2> = {activity.item():.3f}, {point.unstable.item()} unstable directions,"
        f" reached from {point.multiplicity.item()} starts"
    )
# with x also -x is a zero where c is odd, so searches from mirrored starts find mirrored points
mirrored = find_fixed_points(target, -starts)
assert np.allclose(mirrored.state, -found.state, atol=1e-9)

# minimising |F|^2 from states on trajectories also ends where F is not zero
trajectory = starting_states(target, count=20, kind="trajectory", seed=0)
minima = find_fixed_points(target, trajectory, method="levenberg_marquardt")
for kind in ("zero", "slow point", "spurious minimum"):
    ends = minima.multiplicity.where(minima.kind == kind).sum()
    print(f"Levenberg-Marquardt: {int(ends)} of 20 ended at a {kind}")
