"""The cavity equations against tables, closed forms, drawn networks and the replica solution."""

import json

import numpy as np
import pytest
import sympy as sp
import xarray as xr

from numerics.cavity import solve_cavity
from theory import ModelError, RandomNetwork
from theory.expressions import X

TABLE = [
    (1.1, 0.0, 0.093182, 0.906818, 1.010189),
    (1.2, 0.0, 0.173273, 0.826727, 1.033501),
    (1.5, 0.0, 0.352602, 0.647398, 1.139323),
    (0.8, 0.5, 0.188516, 1.233312, 1.061122),
    # by Newton's method at every z, to 22 digits
    (1.0, 0.5, 0.398914373, 0.955885318, 1.261465974),
    (1.4, -0.2, 0.106535, 0.712533, 1.009926),
]


@pytest.mark.parametrize(("g", "gamma", "C", "R", "g2D"), TABLE)
def test_table(g, gamma, C, R, g2D):
    point = solve_cavity(RandomNetwork(), g, gamma).squeeze()
    found = [point[name].item() for name in ("C", "R", "g2D")]
    assert found == pytest.approx([C, R, g2D], abs=6e-7)
    assert point.chi.item() < 0
    assert "chi < 0 because g^2 D" in point.remark.item()
    assert point.residual.item() < 1e-12
    assert point.quadrature_error.item() < 1e-10


@pytest.mark.parametrize("gamma", [-0.4, 0.0, 0.7])
def test_onset(gamma):
    """C = g(1 + gamma) - 1 to first order."""
    distance = 1e-4
    point = solve_cavity(RandomNetwork(), (1 + distance) / (1 + gamma), gamma)
    assert point.C.item() == pytest.approx(distance, rel=10 * distance)


@pytest.mark.parametrize(("g", "gamma"), [(0.5, 0.0), (0.6, 0.5), (1.5, -0.5), (0.0, 0.3)])
def test_quiescent_state_is_a_linear_network(g, gamma):
    point = solve_cavity(RandomNetwork(), g, gamma).squeeze()
    square = gamma * g**2
    response = (1 - np.sqrt(1 - 4 * square)) / (2 * square) if square else 1.0
    assert point.phase.item() == "quiescent"
    assert point.C.item() == 0
    assert point.R.item() == pytest.approx(response, rel=1e-12)
    assert point.chi.item() == pytest.approx(response**2 / (1 - (g * response) ** 2), rel=1e-12)


def test_linear_network_with_fields():
    """x = (1 - J)^-1 h: C and chi are the variances per squared field and per T."""
    point = solve_cavity(RandomNetwork(transfer="x", field_std=0.5), 0.6, 0.3).squeeze()
    response = (1 - np.sqrt(1 - 4 * 0.3 * 0.36)) / (2 * 0.3 * 0.36)
    variance = response**2 / (1 - 0.36 * response**2)
    assert point.R.item() == pytest.approx(response, rel=1e-10)
    assert point.C.item() == pytest.approx(0.25 * variance, rel=1e-10)
    assert point.chi.item() == pytest.approx(variance, rel=1e-10)


def test_ferromagnet():
    """Mean coupling 2, weak disorder: m = E tanh(2 m + g sqrt(C) z), C = E tanh^2."""
    point = solve_cavity(RandomNetwork(mean=2.0), 0.3, 0.0).squeeze()
    z = np.linspace(-9, 9, 2001)
    chance = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    m, C = 0.9, 0.8
    for _ in range(300):
        activity = np.tanh(2 * m + 0.3 * np.sqrt(C) * z)
        m, C = chance @ activity, chance @ activity**2
    assert abs(point.m.item()) == pytest.approx(m, rel=1e-10)
    assert point.C.item() == pytest.approx(C, rel=1e-10)


DRAWN = {
    "gain and field": (RandomNetwork(gain="1/(1 + x**2)", field_std=0.4), 0.8, 0.3),
    "gain and mean": (
        RandomNetwork(gain="1 + tanh(x)/4", transfer="tanh(x + 1/2)", mean=-1),
        1,
        -0.4,
    ),
    "kink": (RandomNetwork(transfer="Max(0, x)", field_std=0.5), 0.9, 0.2),
}


def relaxed(network, couplings, fields):
    """The fixed point that the dynamics reaches from 0, with a, b, c and slopes there."""
    rows = [network.local, network.gain, network.transfer]
    function = sp.lambdify(X, [*rows, *(e.diff(X) for e in rows)], ["numpy", "scipy"])
    x = np.zeros(len(couplings))
    for _ in range(600):
        a, b, c, *slopes = (np.broadcast_to(v, x.shape) for v in function(x))
        drive = couplings @ c
        x = x + 0.2 * (a + b * drive + fields)
    assert np.abs(a + b * drive + fields).max() < 1e-8
    return b, c, drive, slopes


@pytest.mark.parametrize(("network", "g", "gamma"), DRAWN.values(), ids=DRAWN)
def test_drawn_networks(network, g, gamma):
    """Overlap, mean and linear response at the fixed point of networks of 500 units."""
    size, sums = 500, []
    for seed in range(6):
        couplings, fields = network.draw(size, g, gamma, seed=seed)
        b, c, drive, (of_a, of_b, of_c) = relaxed(network, couplings, fields)
        jacobian = np.diag(of_a + of_b * drive) + b[:, None] * couplings * of_c
        response = -of_c[:, None] * np.linalg.inv(jacobian)
        sums.append(
            [np.mean(c**2), c.mean(), np.trace(response * b) / size, np.sum(response**2) / size]
        )
    point = solve_cavity(network, g, gamma).squeeze()
    expected = [point[name].item() for name in ("C", "m", "R", "chi")]
    error = np.std(sums, axis=0) / np.sqrt(5) + 0.01
    assert (np.abs(np.mean(sums, axis=0) - expected) < 4 * error).all()
    assert point.roots.item() == pytest.approx(1, abs=1e-9)


def test_several_roots_are_refused():
    """Gamma c' > 1 at x = 0: the unit's own reaction holds it in one of two states."""
    point = solve_cavity(RandomNetwork(), 3.0, 0.9).squeeze()
    assert not point.converged.item()
    assert np.isnan(point.C.item())
    assert point.roots.item() > 1.1
    assert "more than one root" in point.reason.item()


def test_two_wells_are_refused():
    point = solve_cavity(RandomNetwork(local="x - x**3"), 0.3, 0.0).squeeze()
    assert not point.converged.item()
    assert point.roots.item() > 2


def test_no_solution_says_so():
    point = solve_cavity(RandomNetwork(transfer="x"), 1.5, 0.3).squeeze()
    assert not point.converged.item()
    assert "unstable" in point.reason.item()


def test_gain_and_coupling_scale_together():
    double = solve_cavity(RandomNetwork(gain="2", field_std=0.3), 0.6, 0.5).squeeze()
    single = solve_cavity(RandomNetwork(field_std=0.3), 1.2, 0.5).squeeze()
    for name, factor in (("C", 1), ("R", 2), ("chi", 1), ("g2D", 1)):
        assert double[name].item() == pytest.approx(factor * single[name].item(), rel=1e-10)


def test_reflection():
    up, down = (
        solve_cavity(RandomNetwork(transfer=f"tanh(x {sign} 1/2)"), 1.2, -0.3).squeeze()
        for sign in "+-"
    )
    assert down.m.item() == pytest.approx(-up.m.item(), rel=1e-10)
    assert down.chi.item() == pytest.approx(up.chi.item(), rel=1e-10)


def test_dataset_opens_from_a_file(tmp_path):
    points = solve_cavity(RandomNetwork(), [0.8, 1.2], [0.0, 0.9])
    assert points.C.dims == ("g", "gamma")
    points.to_netcdf(tmp_path / "points.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "points.nc") as again:
        assert json.loads(again.attrs["provenance"])["model"]["transfer"] == "tanh(x)"
        assert all("long_name" in v.attrs and "units" in v.attrs for v in again.data_vars.values())


def test_bad_parameters():
    with pytest.raises(ModelError, match="gamma must lie"):
        solve_cavity(RandomNetwork(), 1.0, 1.2)
    with pytest.raises(ModelError, match="non-empty"):
        solve_cavity(RandomNetwork(), [], 0.0)
    with pytest.raises(ModelError, match="confinement"):
        solve_cavity(RandomNetwork(confinement=0.1), 1.0, 0.0)


def test_rectified_units_with_a_bias():
    """gamma = 0: x is normal with mean 1 and variance v = g^2 E Max(0, x)^2, by two other rules."""
    points = solve_cavity(RandomNetwork(local="1-x", transfer="Max(0,x)"), [0.5, 1, 1.3], 0.0)
    found = (points.g**2 * points.C.squeeze("gamma")).values
    assert found == pytest.approx([0.331979965814, 4.51433719968, 86.5329872874], rel=1e-11)
