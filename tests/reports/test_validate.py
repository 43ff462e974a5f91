"""The command validate: its contract, its words and its exit status."""

from __future__ import annotations

import inspect
import json

import click
import pytest
import xarray as xr

from numerics import solve
from reports import comparison
from reports.cli import cli
from reports.comparison import to_json, with_error
from reports.terminal import finish
from theory import RandomNetwork, replica_symmetric
from validation import validate
from validation.samplers import hamiltonian
from validation.sampling import INTEGRATION_TIME, Sampling, Tempering
from validation.simulate import QUANTITIES
from validation.tempering import temper

POINT = ["--g", "0.5", "--gamma", "0.2", "--temperature", "0.5"]
SMALL = ["--size", "16,32,64", "--networks", "12", "--seed", "3", "--threads", "1"]
TINY = ["--size", "8", "--networks", "2", "--chains", "4", "--draws", "20", "--threads", "1"]


def test_json_contract(run, tmp_path):
    path = tmp_path / "checked.nc"
    status, out, err = run("validate", *POINT, *SMALL, "--json", "--output", path)
    document = json.loads(out)
    assert list(document) == [
        "g", "gamma", "temperature", "size", "networks", "quantities", "r_hat",
        "effective_sample_size", "seed",
    ]  # fmt: skip
    assert [document[key] for key in ("g", "gamma", "temperature")] == [0.5, 0.2, 0.5]
    assert [document[key] for key in ("size", "networks", "seed")] == [[16, 32, 64], 12, 3]
    assert list(document["quantities"]) == list(QUANTITIES)
    theory = solve(replica_symmetric(RandomNetwork()), 0.5, 0.2, 0.5).squeeze()
    for name, found in document["quantities"].items():
        assert list(found) == ["theory", "simulation", "standard_error", "z", "verdict"]
        assert found["theory"] == pytest.approx(float(theory[name]), rel=1e-9)
        assert found["verdict"] != "refuted"
    assert 0.99 < document["r_hat"] < 1.1
    unconfirmed = [k for k, v in document["quantities"].items() if v["verdict"] != "confirmed"]
    assert status == (1 if unconfirmed else 0)
    assert [line.split()[1] for line in err] == unconfirmed
    with xr.open_dataset(path) as stored:
        assert json.loads(to_json(stored)) == document


def test_undecided_is_said_with_the_reason(run):
    # one size cannot be extrapolated, and two networks are no measurement
    status, out, err = run("validate", *POINT, *TINY)
    assert status == 1
    assert "confirmed" not in out
    assert "refuted" not in out
    assert [line.split()[1] for line in err] == list(QUANTITIES)
    assert all(" is undecided: " in line for line in err)
    assert "at N = 8, not extrapolated" in out
    assert "seed 0" in out
    assert "R-hat" in out


def test_table_lines_up(run):
    _, out, _ = run("validate", *POINT, *TINY)
    lines = [line for line in out.splitlines() if line.strip()]
    head, rows = lines[0], lines[2:9]
    assert [row.split()[0] for row in rows] == list(QUANTITIES)
    for word in ("verdict", "± s.e."):
        place = head.index(word)
        assert all(row[place - 1] == " " and row[place] != " " for row in rows)


def test_without_a_solution_everything_is_null(run):
    # linear units run away at g (1 + gamma) > 1
    runaway = ["--transfer", "x", "--g", "1.5", "--gamma", "0.5", "--temperature", "0.3"]
    status, out, err = run("validate", *runaway, *TINY, "--json")
    quantities = json.loads(out)["quantities"]
    assert status == 1
    assert all(found["theory"] is None and found["z"] is None for found in quantities.values())
    assert len(err) == 2
    assert "did not converge at g = 1.5" in err[0]
    assert "q is undecided: no theoretical value" in err[1]


BAD = {
    "no units": ["--size", "0"],
    "half a unit": ["--size", "10.5,20"],
    "too many units": ["--size", "1e9"],
    "the same size twice": ["--size", "10,10"],
    "sizes in words": ["--size", "large"],
    "one network": ["--networks", "1"],
    "one chain": ["--chains", "1"],
    "odd chains": ["--chains", "5"],
    "few draws": ["--draws", "3"],
    "no warm-up": ["--warmup", "0"],
    "negative seed": ["--seed", "-1"],
    "no threads": ["--threads", "0"],
    "several couplings": ["--g", "0.5,0.6"],
    "several temperatures": ["--temperature", "0.1:0.2:3"],
    "temperature 0": ["--temperature", "0"],
    "negative temperature": ["--temperature", "-1"],
    "gamma beyond 1": ["--gamma", "2"],
    "missing directory": ["--output", "missing/checked.nc"],
    "directory": ["--output", "."],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence_before_any_work(run, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("reports.validate_command._run", lambda *_a, **_k: pytest.fail("worked"))
    status, out, err = run("validate", *POINT, *TINY, *arguments, "--json")
    assert (status, out, len(err)) == (2, "", 1), err
    assert "Traceback" not in err[0]
    assert not list(tmp_path.iterdir())


def test_several_points_are_pointed_to_the_report(run):
    _, _, err = run("validate", *POINT, "--g", "0.5,0.6")
    assert "report validation" in err[0]


def test_refuted_comes_first_and_exits_with_1(capsys):
    verdicts = ["confirmed", "undecided", "refuted"]
    names = ["theory", "simulation", "standard_error", "z"]
    checked = xr.Dataset(
        {name: ("quantity", [0.0, 1.0, 2.0]) for name in names}
        | {"verdict": ("quantity", verdicts), "reason": ("quantity", ["a", "b", "c"])},
        coords={"quantity": ["q", "Q", "rho"]},
    )
    problems = comparison.describe_unconfirmed(checked)
    assert problems == ["rho is refuted: c", "Q is undecided: b"]
    with pytest.raises(click.exceptions.Exit) as caught, click.Context(cli) as context:
        finish(context, problems)
    assert caught.value.exit_code == 1
    assert capsys.readouterr().err.startswith("restpoint: rho is refuted")


def test_value_and_error_have_the_same_decimals():
    assert with_error(0.17345, 0.00996) == ("0.173", "0.010")
    assert with_error(-12.3456, 1.2) == ("-12.3", "1.2")
    assert with_error(1234.5, 250.0) == ("1234", "250")
    assert with_error(0.0, 0.0) == ("0", "0")


def test_command_and_function_have_the_same_defaults():
    command = {option.name: option.default for option in cli.commands["validate"].params}
    function = {name: p.default for name, p in inspect.signature(validate).parameters.items()}
    for name in ("chains", "draws", "warmup", "doublings"):
        assert command[name] == function[name] == getattr(Sampling(), name)
    for name in ("networks", "seed"):
        assert command[name] == function[name]
    assert command["size"] == ",".join(str(size) for size in function["size"])
    samplers = [inspect.signature(sampler).parameters for sampler in (hamiltonian, temper)]
    times = [parameters["integration_time"].default for parameters in samplers]
    times += [function["integration_time"], Sampling().integration_time]
    assert {*times, Tempering().integration_time} == {INTEGRATION_TIME}


def test_command_and_function_give_the_same_verdicts(run):
    status, out, _ = run("validate", *POINT, *SMALL, "--json")
    phases = solve(replica_symmetric(RandomNetwork()), 0.5, 0.2, 0.5).squeeze()
    checked = validate(RandomNetwork(), phases, size=[16, 32, 64], networks=12, seed=3)
    assert json.loads(out) == json.loads(to_json(checked))
    assert status == int(set(checked.verdict.values) != {"confirmed"})
