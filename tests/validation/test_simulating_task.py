"""Sweeps of simulation: independent units in closed form, networks whatever the chunks."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from numerics import sweep
from numerics.instances import Instance
from theory import RandomNetwork
from theory.expressions import ModelError
from validation import SimulatingTask
from validation.sampling import Sampling
from validation.simulate import LARGEST_R_HAT, QUANTITIES, simulate_network

SHORT = Sampling(chains=4, draws=20, warmup=40)


def test_without_couplings_units_are_normal(tmp_path):
    # E = x^2/2 per unit: <x^2> = T and <E> = T/2; fields of standard deviation s add s^2 to <x^2>
    temperature, field_std = np.array([0.2, 0.5]), np.array([0.0, 0.6])
    task = SimulatingTask(
        RandomNetwork(), 0.0, 0.0, temperature, [100], np.arange(4), field_std=field_std,
        sampling=Sampling(chains=4, draws=100, warmup=60),
    )  # fmt: skip
    found = sweep(task, tmp_path / "store.zarr", chunks={"network": 2}, threads=2).load()
    found = found.squeeze(["g", "gamma", "mean", "size"])
    error = np.sqrt((found.monte_carlo_error**2).mean("network") / 4)
    energy = found.value.sel(quantity="energy").mean("network")
    assert (abs(energy - temperature[:, None] / 2) < 5 * error.sel(quantity="energy")).all()
    square = found.value.sel(quantity="x_squared", field_std=0.0).mean("network")
    tolerance = 5 * error.sel(quantity="x_squared", field_std=0.0)
    assert (abs(square - temperature) < tolerance).all()
    # the mean of h^2 over 400 fields has a relative standard deviation of sqrt(2/400)
    added = found.value.sel(quantity="x_squared", field_std=0.6).mean("network") - temperature
    assert (abs(added / 0.36 - 1) < 5 * np.sqrt(2 / 400) + 0.05).all()


def test_networks_do_not_depend_on_chunks_and_threads(tmp_path):
    task = SimulatingTask(
        RandomNetwork(), [0.4, 0.8], 0.5, 0.5, [30, 20], [3, 5, 8], seed=7, sampling=SHORT
    )
    one = sweep(task, tmp_path / "one.zarr", threads=2).load()
    many = sweep(task, tmp_path / "many.zarr", chunks={"g": 2, "size": 2, "network": 3}).load()
    for name in task.VARIABLES:
        np.testing.assert_array_equal(one[name], many[name])
    alone = simulate_network(Instance(RandomNetwork(), 20, 7, 5), 0.8, 0.5, 0.5, SHORT)
    here = one.sel(g=0.8, size=20, network=5).squeeze()
    np.testing.assert_array_equal(here.value, alone["value"])
    np.testing.assert_array_equal(here.r_hat, alone["r_hat"])
    assert list(one.quantity.values) == list(QUANTITIES)
    # another seed is another store
    other = replace(task, seed=8)
    with pytest.raises(ModelError, match=r"settings seed .7 there, 8 here"):
        sweep(other, tmp_path / "one.zarr")


def test_network_that_cannot_be_sampled_has_its_reason_and_the_rest_goes_on(monkeypatch):
    def sometimes(instance, *arguments):
        if instance.number == 1:
            raise ModelError("no measure")
        return simulate_network(instance, *arguments)

    monkeypatch.setattr("validation.simulating_task.simulate_network", sometimes)
    found = SimulatingTask(RandomNetwork(), 0.5, 0.0, 0.5, 20, range(3), sampling=SHORT).compute()
    found = found.squeeze()
    assert found.value.isnull().all("quantity").values.tolist() == [False, True, False]
    assert found.reason.sel(network=1).item() == "no measure"
    # so short chains need not have mixed
    np.testing.assert_array_equal(found.converged, found.r_hat < LARGEST_R_HAT)
    for network in (0, 2):
        reason = found.reason.sel(network=network).item()
        assert reason.startswith("chains did not mix") != found.converged.sel(network=network)


def test_estimated_memory_is_enough_and_not_much_more():
    for size, chains, draws in ((700, 4, 20), (100, 8, 200)):
        # the estimate is for chains that never mix, so none are run on
        sampling = Sampling(chains, draws, warmup=40, doublings=0, integration_time=2.0)
        task = SimulatingTask(RandomNetwork(), 0.5, 0.5, 0.5, size, [0], sampling=sampling)
        replace(task, size=[10]).compute()  # what is compiled is not counted
        tracemalloc.start()
        try:
            task.compute()
            _, used = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        estimate, _ = task.memory({})
        assert used < estimate < 3 * used


def test_memory_of_couplings_is_refused_before_they_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(RandomNetwork, "draw", lambda *_: pytest.fail("drawn"))
    task = SimulatingTask(RandomNetwork(), 0.5, 0.0, 0.5, [100, 1_000_000])
    needed, _ = task.memory({})
    assert 8e12 < needed < 9e12
    with pytest.raises(ModelError, match=r"units, 2 at a time, needs about 1.6\d*e\+04 GB"):
        sweep(task, tmp_path / "store.zarr", threads=2)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "change",
    [{"temperature": 0.0}, {"size": 1}, {"size": 2.5}, {"network": [-1]}, {"network": [0.5]}],
)
def test_what_cannot_be_simulated_is_refused(change):
    with pytest.raises(ModelError):
        SimulatingTask(
            RandomNetwork(), **({"g": 1, "gamma": 0, "temperature": 0.1, "size": 20} | change)
        )
