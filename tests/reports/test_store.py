"""Files are complete or absent, and come back as they were."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from reports.store import write_dataset, write_figure, write_text
from theory.expressions import ModelError
from theory.files import check_file, writing


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_dataset_comes_back_with_plain_xarray(tmp_path):
    dataset = xr.Dataset(
        {
            "q": ("g", [0.1, np.nan], {"units": "1"}),
            "converged": ("g", [True, False]),
            "reason": ("g", np.array(["", "γ: lost"], dtype=object)),
        },
        coords={"g": [0.5, 1.0]},
        attrs={"provenance": '{"a": 1}', "format_version": 1},
    )
    write_dataset(dataset, tmp_path / "phases.nc")
    with xr.open_dataset(tmp_path / "phases.nc") as found:
        xr.testing.assert_identical(found.load(), dataset)
        assert found.converged.dtype == bool
        assert found.reason.values.tolist() == ["", "γ: lost"]
    assert names(tmp_path) == ["phases.nc"]


def test_figures_have_two_formats_and_the_same_bytes_again(tmp_path):
    figure = Figure(figsize=(2, 2))
    figure.subplots().plot([0, 1])
    write_figure(figure, tmp_path / "one.5")
    assert names(tmp_path) == ["one.5.png", "one.5.svg"]
    first = (tmp_path / "one.5.svg").read_bytes()
    write_figure(figure, tmp_path / "one.5")
    assert (tmp_path / "one.5.svg").read_bytes() == first


def test_a_failure_keeps_the_older_file(tmp_path):
    path = tmp_path / "page.html"
    write_text("old", path)

    def interrupted():
        with writing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["page.html"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("missing/phases.nc", "its directory does not exist"),
        (".", "it is a directory"),
        ("file/phases.nc", "."),
        ("x" * 300, "name too long"),
        ("/dev/null", "not a regular file"),
        ("bad\0name", "null"),
    ],
)
def test_paths_that_cannot_be_written(tmp_path, path, reason):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=reason) as caught:
        check_file(tmp_path / path)
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["file"]


def test_symbolic_links_are_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_text("through", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "through"
