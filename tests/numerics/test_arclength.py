"""Continuation through folds and onto other branches: normal forms, then known branches."""

import numpy as np
import pytest
import xarray as xr

from numerics import solve
from numerics.arclength import trace
from numerics.bordered import State, StepError
from numerics.branch_diagram import branch_diagram, branches_at
from numerics.branch_switching import crossing_direction, switch
from numerics.branch_tracing import switch_branch, trace_branch
from numerics.transitions import first_order_transitions
from theory import ModelError, RandomNetwork, replica_symmetric
from theory.critical_lines import activity_onset
from theory.ensembles import g, gamma

RATE = replica_symmetric(RandomNetwork())
SYMMETRIC = RATE.symmetric


class NormalForm:
    """Gradient, Hessian and derivative in the parameter, given as functions."""

    parameter_scale = 1.0

    def __init__(self, gradient, hessian, slope, size=1):
        self.functions = gradient, hessian, slope
        self.free = np.ones(size, dtype=bool)

    def evaluate(self, point):
        r, j, s = (np.asarray(f(point[:-1], point[-1]), dtype=float) for f in self.functions)
        size = len(point) - 1
        return State(r.reshape(size), j.reshape(size, size), s.reshape(size), np.ones(size))

    def around(self, _):
        return self

    def finer(self):
        return None


FOLD = NormalForm(lambda x, l: l - x**2, lambda x, _: -2 * x, lambda *_: 1.0)
PITCHFORK = NormalForm(lambda x, l: l * x - x**3, lambda x, l: l - 3 * x**2, lambda x, _: x)
TRANSCRITICAL = NormalForm(lambda x, l: l * x - x**2, lambda x, l: l - 2 * x, lambda x, _: x)


def special(curve, kind):
    return [p for p in curve.points if p.kind == kind]


def test_fold_is_passed_and_located():
    curve = trace(FOLD, np.array([1.0, 1.0]), (-1, 1.5), direction=-1)
    (fold,) = special(curve, "fold")
    assert fold.point == pytest.approx([0, 0], abs=1e-9)
    assert not special(curve, "branch point")
    assert curve.reason == "reached the bound"
    assert curve.points[-1].point == pytest.approx([-np.sqrt(1.5), 1.5], abs=1e-12)


def test_two_folds_of_a_cubic():
    """x^3 - 1.09 x = l after y = -0.3 x is eliminated: folds at x = sqrt(1.09/3)."""
    system = NormalForm(
        lambda u, l: [u[0] ** 3 - u[0] - l + 0.3 * u[1], u[1] + 0.3 * u[0]],
        lambda u, _: [[3 * u[0] ** 2 - 1, 0.3], [0.3, 1]],
        lambda *_: [-1.0, 0.0],
        size=2,
    )
    curve = trace(system, np.array([-1.5, 0.45, -2.0]), (-2, 2))
    x = np.sqrt(1.09 / 3)
    found = [p.point[[0, 2]] for p in special(curve, "fold")]
    expected = [[-x, 2 * 1.09 * x / 3], [x, -2 * 1.09 * x / 3]]
    assert np.array(found) == pytest.approx(np.array(expected), abs=1e-9)


def test_closed_curve():
    circle = NormalForm(lambda x, l: x**2 + l**2 - 1, lambda x, _: 2 * x, lambda _, l: 2 * l)
    curve = trace(circle, np.array([1.0, 0.0]), (-2, 2))
    assert curve.reason == "closed"
    assert sorted(p.point[-1] for p in special(curve, "fold")) == pytest.approx([-1, 1])


def test_pitchfork():
    curve = trace(PITCHFORK, np.array([0.0, -1.0]), (-1, 1))
    (point,) = special(curve, "branch point")
    assert point.point == pytest.approx([0, 0], abs=1e-9)
    assert np.abs(crossing_direction(PITCHFORK, point)) == pytest.approx([1, 0], abs=1e-3)
    ends = []
    for start in switch(PITCHFORK, point):
        branch = trace(PITCHFORK, start.point, (-1, 0.8), direction=start.tangent)
        ends.append(branch.points[-1].point[0])
    assert sorted(ends) == pytest.approx([-np.sqrt(0.8), np.sqrt(0.8)], abs=1e-12)


def test_transcritical():
    curve = trace(TRANSCRITICAL, np.array([0.0, -1.0]), (-1, 1))
    (point,) = special(curve, "branch point")
    direction = crossing_direction(TRANSCRITICAL, point)
    assert np.abs(direction) == pytest.approx([0.5**0.5] * 2, abs=1e-6)
    for start in switch(TRANSCRITICAL, point):
        assert start.point[0] == pytest.approx(start.point[1], abs=1e-10)


def test_branch_point_of_two_curves():
    """x = l^2 and x = 1/2 - l cross at l = (sqrt(3) - 1)/2."""
    system = NormalForm(
        lambda x, l: (x - l**2) * (x - 0.5 + l),
        lambda x, l: 2 * x - l**2 - 0.5 + l,
        lambda x, l: -2 * l * (x - 0.5 + l) + x - l**2,
    )
    curve = trace(system, np.array([1.0, -1.0]), (-2, 1.2))
    (point,) = special(curve, "branch point")
    assert point.point[-1] == pytest.approx((np.sqrt(3) - 1) / 2, abs=1e-8)
    assert len(switch(system, point)) == 2
    for start in switch(system, point):
        assert start.point.sum() == pytest.approx(0.5, abs=1e-9)


def test_no_solution_at_the_start():
    with pytest.raises(StepError, match="did not converge"):
        trace(FOLD, np.array([0.0, -1.0]), (-2, 2))


@pytest.fixture(scope="module")
def coexistence():
    """gamma = -0.2, T = 1e-4: the quiescent and the active branch are one curve with two folds."""
    start = solve(SYMMETRIC, 1.0, -0.2, 1e-4)
    return trace_branch(SYMMETRIC, start, "g", (1.0, 1.3))


def test_both_folds_of_the_coexisting_branches(coexistence):
    branch = coexistence
    upper, lower = branch.g[branch.fold].values
    assert 1.2 < upper < 1.225
    assert 1.125 < lower < 1.15
    assert (np.diff(branch.g.values[[0, -1]]) > 0).all()
    assert branch.attrs["start"] == branch.attrs["end"] == "reached the bound"
    assert branch.residual.max() < 1e-10
    assert branch.quadrature_error.max() < 1e-10


def test_followed_points_solve_the_equations(coexistence):
    """Both ends and the known branches at g = 1.2 are what independent starts find."""
    ends = solve(SYMMETRIC, [1.0, 1.3], -0.2, 1e-4)
    for name in ("q", "rho", "q_hat", "free_energy", "energy", "replicon", "longitudinal"):
        followed = coexistence[name].values[[0, -1]]
        assert followed == pytest.approx(ends[name].values.ravel(), rel=1e-8)
    here = branches_at(SYMMETRIC, coexistence, 1.2)
    assert here.q.dims == ("branch", "g", "gamma", "temperature")
    known = solve(SYMMETRIC, 1.2, -0.2, 1e-4).q.item()
    assert here.q.values.ravel()[0] == pytest.approx(known, rel=1e-9)
    assert here.q.values.ravel()[1:] == pytest.approx([1.35353e-3, 3.922e-3], rel=1e-3)
    assert (np.diff(here.free_energy.values.ravel()) > 0).all()


def test_first_order_transition(coexistence):
    found = first_order_transitions(SYMMETRIC, coexistence)
    assert found.g.values == pytest.approx([1.175], abs=2e-3)
    assert found.error.item() < 1e-9
    assert found.lowest.item()
    quiescent, active = found.free_energy.values[0]
    assert quiescent == pytest.approx(active, abs=1e-18)
    assert found.q.values[0] == pytest.approx([8.5e-4, 0.0521], rel=0.01)


def test_activity_vanishes_at_its_onset_at_temperature_zero():
    """The branch of T = 0, followed towards q = 0, ends where the closed form says."""
    for reciprocity in (0.5, -0.2):
        onset = activity_onset(SYMMETRIC.network)
        line = onset.at(reciprocity)
        start = solve(SYMMETRIC, 1.3 * line, reciprocity, 0.0)
        branch = trace_branch(SYMMETRIC, start, "g", (1.001 * line, 1.4 * line))
        near = branch.isel(arc=slice(0, 4))
        fit = np.polyfit(near.q.values, near.g.values, 3)
        assert fit[-1] == pytest.approx(line, rel=1e-6)
        slope = onset.activity.diff(g).subs({g: line, gamma: reciprocity})
        assert 1 / fit[-2] == pytest.approx(float(slope), rel=1e-3)


def test_state_between_quiescent_and_active_is_the_marginal_one():
    """gamma < 0: the middle branch has q = sqrt(T) times the closed form."""
    start = solve(SYMMETRIC, 1.0, -0.2, 1e-8)
    branch = trace_branch(SYMMETRIC, start, "g", (1.0, 1.3))
    middle = np.sort(branches_at(SYMMETRIC, branch, 1.184).q.values.ravel())[1]
    expected = activity_onset(SYMMETRIC.network).marginal_activity
    numbers = {g: 1.184, gamma: -0.2, "T": 1e-8}
    value = float(expected.subs({s: numbers.get(s, numbers["T"]) for s in expected.free_symbols}))
    assert middle == pytest.approx(value, rel=1e-3)


def test_temperature_and_reciprocity_are_followed():
    """A round trip T, then gamma, then back arrives where solving arrives."""
    start = solve(SYMMETRIC, 1.2, 0.0, 0.1)
    cold = trace_branch(SYMMETRIC, start, "temperature", (1e-3, 0.1)).isel(arc=0)
    assert cold.temperature.item() == pytest.approx(1e-3, rel=1e-12)
    biased = trace_branch(SYMMETRIC, cold, "gamma", (0.0, 0.5)).isel(arc=-1)
    assert biased.q.item() == pytest.approx(solve(SYMMETRIC, 1.2, 0.5, 1e-3).q.item(), rel=1e-8)


def test_from_the_symmetric_to_the_asymmetric_branch(tmp_path):
    """Replicas become correlated where the replicon vanishes; the branch is the one searched for.

    q and Q at g = 1.25 are from a search with many starts (branch="all").
    """
    start = solve(SYMMETRIC, 1.15, -0.2, 1e-4)
    diagram = branch_diagram(RATE, start, "g", (1.1, 1.25), tolerance=1e-8)
    assert sorted(set(diagram.branch.values.tolist())) == [0, 1]
    (place,) = np.flatnonzero(diagram.branch_point & (diagram.branch == 0))
    crossing = diagram.isel(arc=place)
    assert crossing.Q.item() == 0
    assert crossing.replicon.item() == pytest.approx(0, abs=1e-6)
    here = branches_at(RATE, diagram, 1.25)
    assert here.Q.values.ravel() == pytest.approx([0, 1.9985915e-2], rel=1e-6)
    assert here.q.values.ravel()[1] == pytest.approx(2.3077854e-2, rel=1e-6)
    diagram.to_netcdf(tmp_path / "diagram.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "diagram.nc") as again:
        assert again.branch_point.sum() == diagram.branch_point.sum()
        assert all({"long_name", "units"} <= set(v.attrs) for v in again.data_vars.values())


@pytest.mark.slow
def test_pitchfork_of_a_ferromagnet():
    """gamma = 0: m starts where mu E tanh' = mu (1 - q) = 1, in both directions."""
    free_energy = replica_symmetric(RandomNetwork(mean=2.0))
    start = solve(free_energy, 2.0, 0.0, 0.05)
    branch = trace_branch(free_energy, start, "g", (0.5, 2.0))
    (arc,) = branch.arc[branch.branch_point].values
    assert branch.q.sel(arc=arc).item() == pytest.approx(0.5, abs=1e-7)
    sides = switch_branch(free_energy, branch, int(arc), "g", (0.5, 2.0), tolerance=1e-8)
    m = [side.m.values[-1] for side in sides]
    assert sorted(m) == pytest.approx([-max(m), max(m)], abs=1e-7)
    assert max(m) > 0.5
    for side in sides:
        assert (side.Q.values[1:] >= side.m.values[1:] ** 2 * (1 - 1e-9)).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mean", (0.0, 1.0)), "parameter must be"),
        (("g", (1.0, 0.5)), "increasing"),
        (("gamma", (-2.0, 0.5)), "gamma must lie"),
        (("temperature", (0.0, 1.0)), "positive for a temperature"),
    ],
)
def test_refused(coexistence, arguments, words):
    with pytest.raises(ModelError, match=words):
        trace_branch(SYMMETRIC, coexistence.isel(arc=0), *arguments)


def test_requests_without_a_meaning(coexistence):
    with pytest.raises(ModelError, match="is no branch point"):
        switch_branch(SYMMETRIC, coexistence, 0)
    with pytest.raises(ModelError, match="one solved point"):
        trace_branch(SYMMETRIC, coexistence)
    with pytest.raises(ModelError, match="no branch reaches g"):
        branches_at(SYMMETRIC, coexistence, 3.0)
    with pytest.raises(ModelError, match="has converged"):
        branch_diagram(SYMMETRIC, solve(SYMMETRIC, 0.5, 0.0, 0.0))
