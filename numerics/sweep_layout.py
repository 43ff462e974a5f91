"""What the store of a sweep holds, and what it was made with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.sweep_task import Variable

if TYPE_CHECKING:
    from numerics.sweep_task import Task

    Block = tuple[slice, ...]

FORMAT_VERSION = 2
MISSING, DONE, FAILED = 0, 1, 2
FLAGS = {"flag_values": [MISSING, DONE, FAILED], "flag_meanings": "missing done failed"}
COMMON = {
    "converged": Variable("whether the point is what was asked for", "bool"),
    "reason": Variable("why not, or why its chunk failed", "str"),
}
STATUS = Variable("what became of the chunk of the point", "int8")
"""Written last: a chunk that is not marked as done is computed again, whatever is there of it."""
EMPTY: dict[str, Any] = {"float64": np.nan, "bool": False, "str": "", "int8": MISSING}


@dataclass(frozen=True)
class Layout:
    """What a store holds and what it was made with; stores with other layouts are refused.

    Parameters
    ----------
    task : Task
    chunks : dict
        Lengths of the chunks of every axis.
    versions : dict
        See `numerics.fingerprint.fingerprint`.
    """

    task: Task
    chunks: dict[str, int]
    versions: dict[str, str]

    @property
    def variables(self) -> dict[str, Variable]:
        """Variables over all axes, in the order in which they are written."""
        return self.task.VARIABLES | COMMON | {"status": STATUS}

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return tuple(len(values) for values in self.task.axes.values())

    @cached_property
    def record(self) -> dict[str, Any]:
        """What made the store, read back from JSON."""
        record = self.task.record | {"chunks": self.chunks, "versions": self.versions}
        return json.loads(json.dumps(record))

    @property
    def blocks(self) -> list[Block]:
        """Slices of the axes for every chunk, the last axis running fastest."""
        lengths = zip(self.shape, self.chunks.values(), strict=True)
        slices = [
            [slice(k, min(k + step, length)) for k in range(0, length, step)]
            for length, step in lengths
        ]
        return list(product(*slices))

    def part(self, block: Block) -> Task:
        """The task of one chunk."""
        axes = self.task.axes.items()
        return self.task.part(
            {name: values[here] for (name, values), here in zip(axes, block, strict=True)}
        )


def differences(there: Any, here: Any, name: str = "") -> list[str]:
    """List where two records differ, by name, with both values."""
    if isinstance(there, dict) and isinstance(here, dict):
        keys = [*here, *(key for key in there if key not in here)]
        parts = (differences(there.get(key), here.get(key), f"{name} {key}") for key in keys)
        return [difference for part in parts for difference in part]
    return [] if there == here else [f"{name.strip()} ({there} there, {here} here)"]
