"""Every example of the gallery runs, in an empty folder."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted(Path(__file__).parent.glob("ex*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(path), run_name="__main__")
