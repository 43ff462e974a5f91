"""The command: its contract, its words and its exit status."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from importlib import import_module
from itertools import groupby

import numpy as np
import pytest
import xarray as xr

from numerics import solve
from theory import RandomNetwork, replica_symmetric

NUMBERS = ["q", "Q", "rho", "P", "q_hat", "Q_hat", "m", "m_hat", "free_energy", "energy"]
NUMBERS += ["residual", "quadrature_error"]
KEYS = ["g", "gamma", "temperature", *NUMBERS, "converged", "branch"]
POINT = ["--g", "1.2", "--gamma", "0.5", "--temperature", "0.1"]


def test_json_contract(run):
    status, out, err = run(
        "solve", "--g", "0.8:1.2:3", "--gamma", "0,0.5", "--temperature", "1e-1,1", "--json"
    )
    assert (status, err) == (0, [])
    document = json.loads(out)
    assert list(document) == ["points"]
    points = document["points"]
    assert all(list(point) == KEYS for point in points)
    places = [(p["g"], p["gamma"], p["temperature"]) for p in points]
    assert places == [(g, c, t) for g in (0.8, 1.0, 1.2) for c in (0, 0.5) for t in (0.1, 1)]
    for point in points:
        assert point["converged"] is True
        assert point["branch"] == "symmetric"
        # the energy of a model with constant gain, from its order parameters
        t, g = point["temperature"], point["g"]
        assert point["energy"] == pytest.approx(t / 2 + t**2 * point["q_hat"] / g**2, rel=1e-9)


def test_no_solution_is_null_with_a_reason(run):
    # at T = 0, gamma = 0 there is a solution only above g = 1: q = E tanh^2(g sqrt(q) z)
    status, out, err = run("solve", "--g", "0.8,1.2", "--gamma", 0, "--temperature", 0, "--json")
    lost, found = json.loads(out)["points"]
    assert status == 1
    assert lost["converged"] is False
    assert all(lost[key] is None for key in NUMBERS)
    assert len(err) == 1
    assert "g = 0.8, gamma = 0, temperature = 0: no solution at temperature 0" in err[0]
    node, weight = np.polynomial.hermite_e.hermegauss(120)
    weight = weight / weight.sum()
    q = found["q"]
    assert q == pytest.approx(weight @ np.tanh(1.2 * math.sqrt(q) * node) ** 2, rel=1e-6)


def test_netcdf_output_equals_solve(run, tmp_path):
    path = tmp_path / "phases.nc"
    status, out, _ = run("solve", *POINT, "--output", path)
    assert status == 0
    assert "branch: symmetric" in out
    assert "Q, P, Q_hat, m, m_hat = 0 at every point" in out
    assert "unstable" not in out
    assert out.splitlines()[-1] == f"wrote {path}"
    expected = solve(replica_symmetric(RandomNetwork()), g=1.2, gamma=0.5, temperature=0.1)
    with xr.open_dataset(path) as found:
        xr.testing.assert_allclose(found, expected, rtol=1e-12)
        assert json.loads(found.attrs["provenance"])["model"]["transfer"] == "tanh(x)"


def test_table_says_where_replica_symmetry_is_unstable(run):
    # gamma < 0 well above the transition: cold states are many (report phases)
    _, out, _ = run("solve", "--g", "1.3", "--gamma", "-0.2,0", "--temperature", "1e-4")
    assert "replica symmetry is unstable (replicon < 0) at 1 of 2 points" in out


SKEWED = ["--transfer", "tanh(x + 1/2)", "--g", "0.9,1.1", "--gamma", "0.2"]


@pytest.mark.parametrize(
    "point",
    [["--g", "0.8:1.2:3", "--gamma", "0.5", "--temperature", "1e-4,0"],
     [*SKEWED, "--temperature", "0.1,0.2"]],
)  # fmt: skip
def test_table_lines_up_in_80_columns(run, point):
    _, out, _ = run("solve", *point)
    assert "…" not in out
    assert max(map(len, out.splitlines())) <= 80
    blocks = [
        list(lines)
        for words, lines in groupby(out.splitlines(), lambda line: bool(line.strip()))
        if words
    ]
    tables = [lines for lines in blocks if "───" in lines[1]]
    for head, _, *rows in tables:
        ends = [match.end() for match in re.finditer(r"\S+", head)]
        for row in rows:
            assert [match.end() for match in re.finditer(r"\S+", row)] == ends
    _, whole, _ = run("solve", *point, "--json")
    expected = [name for name in NUMBERS if any(p[name] for p in json.loads(whole)["points"])]
    shown = [name for head, *_ in tables for name in head.split()[2:]]
    assert shown == [name for name in expected if name != "residual"]


def test_numbers_of_the_table_and_zeros(run):
    _, out, _ = run("solve", "--g", "0.8,1.2", "--gamma", "0", "--temperature", "0")
    head, _, lost, found = [line.split() for line in out.splitlines() if line.strip()][:4]
    assert lost == ["0.8", *["-"] * (len(head) - 1)]
    row = dict(zip(head, found, strict=True))
    assert (row["g"], row["q"], row["energy"]) == ("1.2", "0.173273", "0")
    assert "gamma = 0, temperature = 0" in out
    assert "0.0e+00" not in out


def test_many_points_are_summed_up(run):
    status, out, err = run("solve", "--g", "0.7:1.3:61", "--gamma", "0", "--temperature", "0")
    assert status == 1
    lines = [line.split() for line in out.splitlines()]
    assert ["g", "0.7", "1.3", "61"] in lines
    # q = g - 1 close to g = 1, and at the end the root of q = E tanh^2(g sqrt(q) z)
    [[lowest, highest, number]] = [line[1:] for line in lines if line[:1] == ["q"]]
    assert float(lowest) == pytest.approx(0.01, rel=0.1)
    phases = solve(replica_symmetric(RandomNetwork()), g=1.3, gamma=0, temperature=0)
    assert float(highest) == pytest.approx(phases.q.item(), rel=1e-5)
    lost = 61 - int(number)
    assert f"61 points, {number} converged" in out
    assert f"{lost} did not converge: no solution at temperature 0" in out
    assert len(err) == 11


BAD = {
    "unknown function": ["--transfer", "sech(x)"],
    "unknown symbol": ["--local", "-x*y"],
    "code": ["--transfer", "__import__('os').getcwd()"],
    "attribute": ["--transfer", "x.__class__"],
    "not real": ["--transfer", "log(x)"],
    "pole": ["--transfer", "1/x"],
    "negative g": ["--g", "-1"],
    "gamma beyond 1": ["--gamma", "1.5"],
    "negative temperature": ["--temperature", "-0.1"],
    "not a number": ["--g", "one"],
    "nan": ["--g", "nan"],
    "infinite": ["--temperature", "inf"],
    "empty": ["--g", ""],
    "empty list item": ["--g", "1,,2"],
    "empty range": ["--g", "0.4:1.4:0"],
    "reversed range": ["--g", "1.4:0.4:11"],
    "half a range": ["--g", "0.4:1.4"],
    "fractional count": ["--g", "0.4:1.4:2.5"],
    "one value for two ends": ["--g", "0.4:1.4:1"],
    "nan in a range": ["--g", "nan:1:3"],
    "too many": ["--g", "0:1:100000", "--gamma", "0:1:100000"],
    "zero with confinement": ["--temperature", "0", "--confinement", "0.1"],
    "negative field": ["--field-std", "-1"],
    "model number": ["--mean", "much"],
    "unknown option": ["--bogus"],
    "unknown branch": ["--branch", "best"],
    "no threads": ["--threads", "0"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(run, tmp_path, arguments):
    path = tmp_path / "phases.nc"
    path.write_text("older result")
    status, out, err = run("solve", *POINT, *arguments, "--json", "--overwrite", "--output", path)
    assert (status, out, len(err)) == (2, "", 1), err
    assert "Traceback" not in err[0]
    assert "Usage" not in err[0]
    assert path.read_text() == "older result"
    assert [file.name for file in tmp_path.iterdir()] == ["phases.nc"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["solve"],
        ["solve", *POINT, "extra"],
        ["solve", *POINT, "--output", "missing/phases.nc"],
        ["solve", *POINT, "--output", "."],
        ["kernels"],
        ["kernels", "--output", "missing/kernels.py"],
        ["derive", "--format", "word"],
        ["report"],
        ["report", "no-such-report"],
        ["report", "edge-of-chaos", "--output", "missing/report"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_bad_commands_are_one_sentence(run, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*arguments)
    assert (status, out, len(err)) == (2, "", 1), err
    assert not list(tmp_path.iterdir())


def test_interrupt_is_a_short_word(run, monkeypatch):
    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    # the package has a function of the module's name
    monkeypatch.setattr(import_module("numerics.solve"), "solve", interrupted)
    status, out, err = run("solve", *POINT)
    assert (status, out) == (130, "")
    assert [line for line in err if line] == ["restpoint: interrupted"]


def test_derive_shows_the_model_in_every_format(run):
    for style, sign in (("text", "tanh(x)"), ("latex", r"\tanh"), ("html", "<math")):
        status, out, err = run("derive", "--format", style)
        assert (status, err) == (0, [])
        assert sign in out


def test_help_and_version_need_no_heavy_import():
    code = (
        "import sys\n"
        "from reports.cli import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "assert not {'sympy', 'numpy', 'numba', 'xarray'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    assert "derive" in done.stdout
