"""A command replaces what it wrote itself, and nothing else without being told to."""

from __future__ import annotations

from importlib import import_module

import pytest
import xarray as xr

POINT = ["--g", "1.2", "--gamma", "0.5", "--temperature", "0.1"]
TWO = ["--g", "1.2,1.3", "--gamma", "0.5", "--temperature", "0.1"]
TINY = ["--size", "8", "--networks", "2", "--chains", "4", "--draws", "20", "--threads", "1"]


@pytest.fixture
def solved(run, tmp_path):
    path = tmp_path / "phases.nc"
    assert run("solve", *TWO, "--output", path)[0] == 0
    return path


def refused(run, path, *command):
    """Run a command that must leave a file alone, and give what it says."""
    before = path.read_bytes()
    status, out, err = run(*command, "--output", path)
    assert (status, out, len(err)) == (2, "", 1), err
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert "--overwrite" in err[0]
    return err[0]


def test_the_same_command_replaces_its_file(run, solved):
    before = solved.stat().st_ino
    status, out, _ = run("solve", *TWO, "--output", solved)
    assert status == 0
    assert out.splitlines()[-1] == f"wrote {solved}"
    assert solved.stat().st_ino != before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (POINT, "g (2 values from 1.2 to 1.3 there, 1.2 here)"),
        ([*TWO, "--mean", "0.5"], "model mean (0 there, 0.5 here)"),
        ([*TWO, "--branch", "all"], "settings branch (default there, all here)"),
    ],
)
def test_another_result_is_kept(run, solved, monkeypatch, arguments, words):
    # the package has a function of the module's name
    module = import_module("numerics.solve")
    monkeypatch.setattr(module, "solve", lambda *_, **__: pytest.fail("computed"))
    assert words in refused(run, solved, "solve", *arguments)


def test_a_file_of_another_command_is_kept(run, solved):
    hot = ["--g", "0.5", "--gamma", "0", "--temperature", "1"]
    words = refused(run, solved, "validate", *hot, *TINY)
    assert "command (restpoint solve there, restpoint validate here)" in words


def test_a_validation_is_replaced_by_the_same_one(run, tmp_path):
    path = tmp_path / "checked.nc"
    hot = ["validate", "--g", "0.5", "--gamma", "0", "--temperature", "1", *TINY]
    for _ in range(2):
        _, out, _ = run(*hot, "--output", path)
        assert out.splitlines()[-1] == f"wrote {path}"
    assert "settings seed (0 there, 1 here)" in refused(run, path, *hot, "--seed", "1")
    warm = ["--temperature", "2"]
    assert "temperature (1 there, 2 here)" in refused(run, path, *hot, *warm)


@pytest.mark.parametrize("content", ["words", "netCDF"])
def test_data_of_the_user_are_kept(run, tmp_path, content):
    path = tmp_path / "mine.nc"
    if content == "netCDF":
        xr.Dataset({"q": ("g", [0.1])}, {"g": [1.2]}).to_netcdf(path, engine="h5netcdf")
    else:
        path.write_text(content)
    assert "restpoint solve did not write" in refused(run, path, "solve", *POINT)
    assert run("solve", *POINT, "--overwrite", "--output", path)[0] == 0
    with xr.open_dataset(path) as found:
        assert found.q.size == 1


@pytest.mark.parametrize("content", ["print('mine')\n", "", "\n\n"])
def test_a_script_of_the_user_is_kept(run, tmp_path, monkeypatch, content):
    path = tmp_path / "mine.py"
    path.write_text(content)
    monkeypatch.setattr("theory.codegen.export.export_kernels", lambda *_: pytest.fail("derived"))
    assert "restpoint kernels did not write" in refused(run, path, "kernels")


def test_a_module_is_replaced_until_it_is_edited(run, tmp_path):
    path = tmp_path / "kernels.py"
    for _ in range(2):
        status, out, err = run("kernels", "--output", path)
        assert (status, out.replace("\n", ""), err) == (0, f"wrote {path}", [])
    assert "model mean (0 there, 1 here)" in refused(run, path, "kernels", "--mean", "1")
    path.write_text(path.read_text().replace("import math", "import math  # and more", 1))
    assert "was edited" in refused(run, path, "kernels")
    assert run("kernels", "--overwrite", "--output", path)[0] == 0
    assert "and more" not in path.read_text()


@pytest.mark.parametrize(
    ("command", "name", "ending"),
    [
        (["solve", *POINT], "phases.csv", ".nc"),
        (["solve", *POINT], "phases", ".nc"),
        (["validate", *POINT, *TINY], "checked.zarr", ".nc"),
        (["kernels"], "kernels.txt", ".py"),
        (["sweep", *POINT], "phases.nc", ".zarr"),
    ],
)
def test_an_ending_of_another_format_is_refused(run, tmp_path, command, name, ending):
    status, out, err = run(*command, "--output", tmp_path / name)
    assert (status, out, len(err)) == (2, "", 1), err
    assert f"let the name end in {ending}" in err[0]
    assert not list(tmp_path.iterdir())
