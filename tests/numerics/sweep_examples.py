"""A task whose every result is known, that says what it computes and can be told to go wrong."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import xarray as xr

from numerics import sweep
from numerics.sweep_task import Task, Variable, as_axis

G, GAMMA = np.arange(12.0), np.array([0.0, 0.25, 0.5])
CHUNKS = {"g": 3, "gamma": 2}
BLOCKS = 8


@dataclass(frozen=True, eq=False)
class Example(Task):
    """``a = sin(g + gamma)``, ``b = [g, gamma]``, and how many points were computed together.

    Attributes
    ----------
    directory : str
        The file ``computed`` in it gets a line for every chunk; a file ``bad`` in it makes chunks
        with ``g = 4`` fail, a file ``deadly`` kills the process that computes them.
    """

    directory: str
    g: np.ndarray = tuple(G)
    gamma: np.ndarray = tuple(GAMMA)
    pause: float = 0.0
    setting: str = "one"

    AXES: ClassVar = ("g", "gamma")
    VARIABLES: ClassVar = {
        "a": Variable("sine of g + gamma"),
        "b": Variable("both axes", dims=("axis",)),
        "together": Variable("points computed together"),
    }
    POINTS_TOGETHER: ClassVar = 1000

    def __post_init__(self):
        for name in self.AXES:
            object.__setattr__(self, name, as_axis(name, getattr(self, name)))

    @property
    def coordinates(self):
        return {"axis": np.array(["g", "gamma"])}

    @property
    def record(self):
        return {"task": "example", "settings": {"setting": self.setting}}

    def memory(self, chunks):
        return 1000.0, "the example"

    def compute(self, threads=1):
        directory = Path(self.directory)
        with (directory / "computed").open("a") as file:
            file.write(f"{self.g[0]:g} {self.gamma[0]:g}\n")
        time.sleep(self.pause)
        if 4 in self.g and (directory / "deadly").exists():
            (directory / "deadly").rename(directory / "was deadly")
            os._exit(1)
        if 4 in self.g and (directory / "always deadly").exists():
            os._exit(1)
        if 4 in self.g and (directory / "bad").exists():
            raise ZeroDivisionError("g was 4")
        g, gamma = np.meshgrid(self.g, self.gamma, indexing="ij")
        return xr.Dataset(
            {
                "a": (self.AXES, np.sin(g + gamma)),
                "b": ((*self.AXES, "axis"), np.stack([g, gamma], -1)),
                "together": (self.AXES, np.full(g.shape, float(g.size))),
                "converged": (self.AXES, g != 7),
                "reason": (self.AXES, np.where(g != 7, "", "g is 7").astype(object)),
            }
        )

    @property
    def computed(self) -> list[str]:
        """First values of the chunks computed so far."""
        file = Path(self.directory) / "computed"
        return file.read_text().splitlines() if file.exists() else []


if __name__ == "__main__":
    # tests that run in the background of a shell hand down that it is ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)
    directory, pause, threads = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    path = Path(directory) / "store.zarr"
    sweep(Example(directory, pause=pause), path, chunks=CHUNKS, threads=threads)
