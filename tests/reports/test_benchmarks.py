"""The benchmarks report, tiny: it compares equal things and its ratios are ratios. No speed."""

from __future__ import annotations

import re

import numpy as np
import pytest
import sympy as sp
import xarray as xr

from numerics import solve
from reports import benchmark_jitcsde
from reports.benchmark_dynamics_section import JITCSDE, dynamics_section
from reports.benchmark_gradient_section import check_equal, gradient_section
from reports.benchmark_monte_carlo import decrease, time_needed
from reports.benchmark_plain import PlainNetwork
from reports.benchmark_rates import MODELS, measure_rates
from reports.benchmark_saddle import PlainSaddle, fixed_nodes, monte_carlo
from reports.benchmark_samplers_section import samplers_section
from reports.benchmark_start_section import Process, start_section
from reports.benchmarks import Effort
from reports.cli import main
from reports.timing import alternate, fit_growth, spread
from theory import RandomNetwork, replica_symmetric
from theory.codegen.kernels import network_kernels
from theory.expressions import ModelError, X

TINY = Effort(
    repetitions=2,
    points=(9, 2, 1),
    sweeps=(4, 8, 16),
    samples=(200, 400, 800),
    diagram=4,
    draws=3,
    gradient_sizes=(10, 20, 40),
    step_sizes=(10, 20, 40),
    dynamics_sizes=(4, 6),
    sampled_size=10,
    sampled_draws=10,
    duration=20.0,
    trajectories=(1000, 2000, 4000),
    steps=(10, 15, 20),
    simulated_size=20,
    simulated_networks=2,
    searched_sizes=(15, 20, 30),
    searches=2,
    swept=10,
    starts=1,
    programs=False,
)
SHIFTED = RandomNetwork(transfer="tanh(x + 1/2)")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    directory = tmp_path_factory.mktemp("benchmarks") / "report"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reports.benchmarks.QUICK", TINY)
        # models with fields take long to compile: test_rates_of_a_model_with_fields has one
        patch.setattr("reports.benchmark_rates.MODELS", MODELS[:1])
        # a compiler takes long too: test_jitcsde_integrates_the_same_dynamics starts it
        patch.setattr(benchmark_jitcsde, "find_spec", lambda _: None)
        # and fresh processes: test_fresh_processes starts some
        patch.setattr("reports.benchmark_start_section.run_process", lambda *_: Process(1.0, 99.0))
        with pytest.raises(SystemExit) as caught:
            main(["report", "benchmarks", "--quick", "--output", str(directory)])
    assert caught.value.code == 0
    return directory


def text_of(html):
    words = re.sub("<[^>]+>", " ", re.sub("<style>.*?</style>", "", html, flags=re.DOTALL))
    return re.sub(r"\s+", " ", words)


def test_files_and_words(report):
    names = {path.name for path in report.iterdir()}
    for figure in ("sweep", "monte_carlo", "gradient", "steps", "dynamics", "two_time", "start"):
        assert {f"benchmark_{figure}.{kind}" for kind in ("nc", "png", "svg")} <= names
    page = text_of((report / "index.html").read_text(encoding="utf-8"))
    for words in (
        "jitcsde and symengine not installed",
        "machine: processor",
        "machine: BLAS",
        "two bare products",
        "import of the lib",
    ):
        assert words in page
    found = re.search(r".{60}\bnan\b.{20}", page)
    assert found is None, found


def test_times_are_positive_and_labelled(report):
    for path in report.glob("*.nc"):
        with xr.open_dataset(path) as data:
            for name, variable in data.variables.items():
                assert {"long_name", "units"} <= set(variable.attrs) or name == "repetition"
                if "seconds" in name or name in {"rate", "memory"}:
                    values = variable.values[np.isfinite(variable.values)]
                    assert values.size
                    assert (values > 0).all()


def test_growth_of_known_powers():
    sizes = np.array([10, 30, 90, 200])
    growth = fit_growth(sizes, 3e-7 * sizes**1.7)
    np.testing.assert_allclose(growth[:3], [1.7, 0, 3e-7], atol=1e-7)
    assert growth.last == pytest.approx(1.7)
    bent = fit_growth(sizes, 1e-3 + 1e-6 * sizes**2.0)
    assert bent.error > 0.1
    assert bent.exponent < bent.last < 2


def test_a_slope_is_found_within_its_error():
    generator = np.random.default_rng(3)
    sizes = np.geomspace(10, 1000, 12)
    found = [fit_growth(sizes, sizes**2 * np.exp(0.1 * generator.normal(size=12)))
             for _ in range(200)]  # fmt: skip
    z = np.array([(growth.exponent - 2) / growth.error for growth in found])
    assert 0.9 < z.std() < 1.4  # Student's t with 10 degrees: 1.12
    assert abs(z.mean()) < 3 * z.std() / np.sqrt(200)


def test_calls_are_made_in_turn():
    made = []
    seconds = alternate({"a": lambda: made.append("a"), "b": lambda: made.append("b")}, 3)
    assert "".join(made) == "abababab"
    assert all((values > 0).all() for values in seconds.values())
    assert np.isnan(spread([np.nan]).median)
    with pytest.raises(ModelError, match="at least 1, not 0"):
        alternate({}, 0)


@pytest.mark.parametrize(
    ("network", "point", "samples"),
    [
        (RandomNetwork(), (1.2, 0.5, 0.1), 20_000),
        (RandomNetwork(transfer="erf(x)"), (0.9, -0.3, 0.2), 20_000),
        (SHIFTED, (1.0, 0.5, 0.3), 250),
    ],
)
def test_monte_carlo_agrees_with_the_solver(network, point, samples):
    """Different averages, another iteration, the same equations: 3 standard errors."""
    saddle = PlainSaddle(replica_symmetric(network))
    solved = solve(saddle.free_energy, *point).squeeze()
    exact = np.array([float(solved[str(symbol)]) for symbol in saddle.symbols])
    found = np.array([monte_carlo(saddle, point, samples, seed).theta for seed in range(12)])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - exact) < 3 * error).all()
    # precise enough to disagree
    assert (error < 0.05 * saddle.scales(exact, point)).all()


def test_fixed_nodes_agree_with_the_solver():
    point = (1.1, 0.3, 0.05)
    saddle = PlainSaddle(replica_symmetric(RandomNetwork(transfer="erf(x)")))
    solved = solve(saddle.free_energy, *point).squeeze()
    exact = [float(solved[str(symbol)]) for symbol in saddle.symbols]
    np.testing.assert_allclose(fixed_nodes(saddle, point).theta, exact, rtol=1e-9)
    with pytest.raises(ModelError, match="without Gaussian fields"):
        fixed_nodes(PlainSaddle(replica_symmetric(SHIFTED)), point)


def test_extrapolation_of_monte_carlo():
    """An error of 1e-2 after 1 s, falling with the root of the work, is 1e-4 after 10^4 s."""
    samples = np.array([100, 400, 1600])
    error = np.outer(samples**-0.5, [0.4, -0.4])
    at = xr.Dataset(
        {
            "seconds": (("samples", "repetition"), np.outer(samples / 1600, [1, 1])),
            "error": (("samples", "draw"), error),
            "nodes_error": 1e-15,
        },
        {"samples": samples},
    )
    assert decrease(at).exponent == pytest.approx(-0.5)
    assert time_needed(at, 1e-4) == pytest.approx(1e4)
    assert time_needed(at.assign(nodes_error=np.nan), 1e-4) == pytest.approx(1e8)


@pytest.mark.parametrize(
    "network",
    [RandomNetwork(), RandomNetwork(local="-x - x**3", gain="1/(1 + x**2)", transfer="erf(x)",
                                    mean=0.7, field_std=0.3, confinement=0.2)],
)  # fmt: skip
def test_plain_gradient_is_that_of_the_kernels(network):
    J, h = network.draw(30, 1.2, 0.5, seed=4)
    fields = h if network.field_std else None
    x = np.random.default_rng(5).normal(size=(30, 7))
    kernels, plain = network_kernels(network), PlainNetwork(network, J, h)
    np.testing.assert_allclose(plain.drift(x), kernels.drift(x, J, fields), rtol=0, atol=1e-12)
    gradient = kernels.gradient(x, J, fields)
    check_equal(plain.gradient(x), gradient)
    with pytest.raises(ModelError, match="differs"):
        check_equal(plain.gradient(x) * (1 + 1e-11), gradient)


def test_rates_of_a_model_with_fields():
    rates = measure_rates([SHIFTED], (9, 2, 1), 1)
    assert rates.fields.item() == 2
    np.testing.assert_array_equal(rates.converged.values, [[1, 1, np.nan]])
    assert (rates.rate.values[:, :2] > 0).all()


def test_a_model_with_jumps_gets_the_reason():
    jumps = RandomNetwork(transfer=sp.sign(X))
    settings = {"sizes": (4,), "repetitions": 1}
    for section in (
        gradient_section(jumps, **settings),
        samplers_section(jumps, size=4, draws=10, **settings),
    ):
        assert "Not for this model" in section.html
        assert not section.drawings


@pytest.mark.parametrize("cause", ["package", "compiler"])
def test_without_jitcsde_the_rest_is_compared(monkeypatch, cause):
    if cause == "package":
        monkeypatch.setattr(benchmark_jitcsde, "find_spec", lambda _: None)
    else:
        monkeypatch.setattr(benchmark_jitcsde, "find_spec", lambda _: True)
        monkeypatch.setattr(benchmark_jitcsde, "PROCESS", "raise SystemExit('gcc: not found')")
    section = dynamics_section(RandomNetwork(), sizes=(4, 6), duration=20.0, repetitions=2)
    said = {"package": "not installed", "compiler": "gcc: not found"}[cause]
    assert said in text_of(section.html)
    data = section.drawings["benchmark_dynamics"].data
    assert JITCSDE not in data.timed.values
    assert np.isfinite(data.seconds).all()


def test_jitcsde_integrates_the_same_dynamics():
    """Uncoupled units with a = -x are Ornstein-Uhlenbeck processes of variance D."""
    pytest.importorskip("jitcsde")
    network, noise = RandomNetwork(gain="2"), 0.3
    couplings, fields = np.zeros((20, 20)), np.linspace(-1, 1, 20)
    times = np.arange(1.0, 400.0)
    with benchmark_jitcsde.compiled_network(network, couplings, fields, noise) as (integrator, _):
        path = benchmark_jitcsde.integrate(integrator, np.zeros(20), times, 1e-3, seed=1)[10:]
    section = dynamics_section(RandomNetwork(), sizes=(4,), duration=20.0, repetitions=2)
    assert "compilation" in section.html
    assert JITCSDE in section.drawings["benchmark_dynamics"].data.timed.values
    # correlation exp(-1) between records: fewer independent ones
    count = len(path) * (1 - np.exp(-1)) / (1 + np.exp(-1))
    z = (path.mean(axis=0) - fields) / np.sqrt(noise / count)
    assert np.abs(z).max() < 4
    assert path.var(axis=0).mean() == pytest.approx(noise, rel=4 * np.sqrt(2 / (20 * count)))


@pytest.mark.slow
def test_fresh_processes():
    section = start_section(RandomNetwork(), repetitions=1, programs=False)
    data = section.drawings["benchmark_start"].data
    assert np.isfinite(data.seconds).all()
    cold, imports = (
        data.seconds.sel(process=name).item()
        for name in ("solve one point, cold", "import of the libraries")
    )
    assert cold > imports
