"""The cache of generated modules: found again, never believed when damaged, private."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from theory.codegen import cache
from theory.expressions import ModelError

SOURCE = '''"""A generated module."""

from numba import njit


@njit(cache=True)
def triple(x):
    return 3 * x
'''


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv("RESTPOINT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Builder:
    """Counts how often it was asked to build and to check."""

    def __init__(self, source=SOURCE):
        self.source, self.built, self.checked = source, 0, 0

    def build(self):
        self.built += 1
        return self.source, {"order": (1, 2)}

    def check(self, module, metadata):
        self.checked += 1
        assert metadata == {"order": [1, 2]}

    def load(self, key="model"):
        return cache.load(key, self.build, self.check)


def test_directory_is_the_environment_variable_and_private(directory):
    assert cache.cache_path() == directory
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_second_load_neither_builds_nor_checks():
    builder = Builder()
    module, metadata = builder.load()
    again, same = builder.load()
    assert (builder.built, builder.checked) == (1, 1)
    assert again is module
    assert metadata == same == {"order": [1, 2]}
    assert module.triple(2) == 6


def test_other_key_with_the_same_text_shares_the_module(directory):
    builder = Builder()
    first, _ = builder.load("one")
    second, _ = builder.load("two")
    assert builder.built == 2
    assert first is second
    assert len(list(directory.glob("restpoint_*.py"))) == 1


def test_second_process_finds_module_and_compiled_code(directory):
    Builder().load()[0].triple(2)
    program = (
        "from theory.codegen.cache import load\n"
        "def build(): raise SystemExit('was built again')\n"
        "module, metadata = load('model', build, None)\n"
        "assert module.triple(5) == 15 and metadata == {'order': [1, 2]}\n"
        "print(sum(module.triple.stats.cache_hits.values()))\n"
    )
    root = Path(cache.__file__).parents[2]
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=root,
        env=environment,
        check=False,
    )
    assert done.stdout.strip() == "1", done.stderr


def test_files_are_for_the_user_alone(directory):
    Builder().load()
    files = [path for path in directory.iterdir() if path.is_file()]
    assert len(files) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_tampered_source_is_generated_again_and_never_runs(directory):
    builder = Builder()
    builder.load()
    (source,) = directory.glob("restpoint_*.py")
    source.write_text("raise SystemExit('tampered')\n")
    module, _ = builder.load()
    assert builder.built == 2
    assert source.read_text() == SOURCE
    assert module.triple(1) == 3


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"source": 1, "metadata": {}}', '{"source": "../x", "metadata": {}}'],
)
def test_broken_index_is_made_again(directory, content):
    builder = Builder()
    builder.load()
    (index,) = directory.glob("*.json")
    index.write_text(content)
    builder.load()
    assert builder.built == 2
    builder.load()
    assert builder.built == 2


def test_failed_check_is_not_remembered():
    def refuse(module, metadata):
        raise ModelError("wrong at x = 1")

    with pytest.raises(ModelError, match="wrong at x = 1"):
        cache.load("model", Builder().build, refuse)
    builder = Builder()
    builder.load()
    assert builder.checked == 1


def test_clear_removes_only_what_was_written(directory):
    Builder().load()[0].triple(1)
    (directory / "notes.json").write_text("{}")
    (directory / "mine.py").write_text("")
    assert cache.clear_cache() >= 2
    left = {path.name for path in directory.rglob("*") if path.is_file()}
    assert left == {"notes.json", "mine.py"}
    assert cache.clear_cache() == 0


def test_oldest_modules_go_first(directory, monkeypatch):
    monkeypatch.setattr(cache, "LARGEST_NUMBER", 2)
    builders = [Builder(f"{SOURCE}\nNUMBER = {number}\n") for number in range(3)]
    for age, builder in zip((20, 10), builders[:2], strict=True):
        builder.load(builder.source)
        for path in directory.iterdir():
            changed = path.stat().st_mtime - age
            os.utime(path, (changed, changed))
    builders[2].load(builders[2].source)
    assert len(list(directory.glob("restpoint_*.py"))) == 2
    for builder in reversed(builders):
        builder.load(builder.source)
    assert [builder.built for builder in builders] == [2, 1, 1]


def test_unusable_directory_names_the_variable(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("RESTPOINT_CACHE", str(blocked / "inside"))
    with pytest.raises(ModelError, match="RESTPOINT_CACHE"):
        Builder().load()


def test_directory_open_to_others_is_refused(directory):
    directory.mkdir()
    directory.chmod(0o777)
    with pytest.raises(ModelError, match="other users may write"):
        cache.cache_path()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs user ids")
def test_directory_of_another_user_is_refused(monkeypatch):
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(ModelError, match="another user"):
        cache.cache_path()
