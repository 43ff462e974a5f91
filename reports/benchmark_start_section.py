"""Section on starting: commands in fresh processes, with an empty cache and with a filled one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from reports import page
from reports.benchmark_growth import COLOURS
from reports.figures import make_figure
from reports.page import number
from reports.sections import Drawing, Section
from reports.timing import spread
from theory.expressions import ModelError
from validation.runs import model_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from theory.ensembles import RandomNetwork

POINT = ("--g", "1.2", "--gamma", "0.5", "--temperature", "0.1", "--json")
LIBRARIES = "import numpy, scipy, sympy, numba, xarray"
OURS = "import numerics, validation, reports.cli"
COMMAND = "import sys\nfrom reports.cli import main\nmain(sys.argv[1:])"
_TELL_MEMORY = """
import atexit, sys
def tell():
    try:
        with open("/proc/self/status") as status:
            sys.stderr.writelines(line for line in status if line.startswith("VmHWM:"))
    except OSError:
        pass
atexit.register(tell)
"""
"""The largest memory of the process itself: that of `resource` begins with its parent's."""
BARE, IMPORT, COLD, WARM, REPORT, VALIDATE = (
    "import of the libraries", "import of restpoint", "solve one point, cold",
    "solve one point, warm", "report edge-of-chaos, cold", "validate with the defaults, warm",
)  # fmt: skip


class Process(NamedTuple):
    """Wall time of a process and its largest resident memory in MB, NaN where unknown."""

    seconds: float
    memory: float


def run_process(code: str, arguments: Sequence[str], cache: Path) -> Process:
    """Run Python code in a fresh process of one thread.

    Parameters
    ----------
    code : str
    arguments : sequence of str
    cache : pathlib.Path
        Of compiled kernels.

    Returns
    -------
    Process

    Raises
    ------
    ModelError
        If the process fails.

    Examples
    --------
    >>> run_process("pass", [], Path("cache")).seconds > 0
    True
    """
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
    )
    environment = {**os.environ, **threads, "RESTPOINT_CACHE": str(cache)}
    command = [sys.executable, "-c", f"{_TELL_MEMORY}{code}", *arguments]
    start = time.perf_counter()
    done = subprocess.run(  # noqa: S603  (this Python, the code of this module)
        command, env=environment, check=False, capture_output=True, text=True, cwd=cache.parent
    )  # fmt: skip
    seconds = time.perf_counter() - start
    # status 1 says that something is not confirmed, which a short validation may not be
    if done.returncode not in {0, 1} or "Traceback" in done.stderr:
        said = (done.stderr.strip() or "no message").splitlines()[-1]
        raise ModelError(f"a process of the benchmark failed: {said}")
    told = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("VmHWM:")]
    return Process(seconds, float(told[0]) / 1024 if told else np.nan)


def start_section(
    network: RandomNetwork, *, repetitions: int, programs: bool, seed: int = 0
) -> Section:
    """Time imports and commands in fresh processes.

    Parameters
    ----------
    network : RandomNetwork
    repetitions : int
        Every one begins with an empty cache of kernels.
    programs : bool
        Time whole programs too, once: the report on the edge of chaos and a validation.
    seed : int
        Of the validation.

    Returns
    -------
    Section
    """
    model = [
        f"--{name.replace('_', '-')}={value}" for name, value in model_settings(network).items()
    ]
    found: dict[str, list[Process]] = {}
    with TemporaryDirectory() as folder:

        def run(name: str, code: str, arguments: Sequence[str], cache: str) -> None:
            found.setdefault(name, []).append(
                run_process(code, arguments, Path(folder).resolve() / cache)
            )

        # files are read from disk once, before anything is measured
        run_process(f"{LIBRARIES}\n{OURS}", [], Path(folder).resolve() / "unused")
        for repetition in range(repetitions):
            cache = f"cache{repetition}"
            run(COLD, COMMAND, ["solve", *model, *POINT], cache)
            run(WARM, COMMAND, ["solve", *model, *POINT], cache)
            run(BARE, LIBRARIES, [], cache)
            run(IMPORT, OURS, [], cache)
        if programs:
            run(REPORT, COMMAND, ["report", "edge-of-chaos", *model, "--output", "report"], "new")
            arguments = ["validate", *model, *POINT, "--threads", "1", "--seed", str(seed)]
            run_process(COMMAND, [*arguments, "--size=20", "--networks=2"], Path(folder) / "new")
            run(VALIDATE, COMMAND, arguments, "new")
    data = _dataset(found, repetitions)
    data.attrs = {"model": str(network)}
    cold, warm, bare, imported = (
        data.seconds.sel(process=name) for name in (COLD, WARM, BARE, IMPORT)
    )
    lines = [
        f"Solving one point takes {spread(cold)} s in a fresh process with an empty cache, where"
        " the equations are derived and the kernels written, compiled and checked, and"
        f" {spread(warm)} s in the next one: {spread(cold / warm)} times less.",
        f"The plain baseline is a process that only imports NumPy, SciPy, SymPy, Numba and xarray,"
        f" which takes {spread(bare)} s. The second solution takes {spread(warm / bare)} times as"
        f" long, and a process that imports all of restpoint {spread(imported / bare)} times.",
    ]
    drawing = Drawing(
        draw_start(data),
        data,
        "Wall time of fresh processes of one thread: median and quartiles of"
        f" {repetitions} repetition{'s' * (repetitions > 1)}, whole programs once.",
    )
    return Section(
        "start",
        "Cold and warm start",
        page.items(lines) + _table(data),
        {"benchmark_start": drawing},
    )


def _dataset(found: dict[str, list[Process]], repetitions: int) -> xr.Dataset:
    values = np.full((2, len(found), repetitions), np.nan)
    for row, processes in enumerate(found.values()):
        values[:, row, : len(processes)] = np.transpose(processes)
    dims = ("process", "repetition")
    return xr.Dataset(
        {
            "seconds": (dims, values[0], {"long_name": "wall time", "units": "s"}),
            "memory": (dims, values[1], {"long_name": "largest resident memory", "units": "MB"}),
        },
        {"process": ("process", list(found), {"long_name": "what was run", "units": "1"})},
    )


def _table(data: xr.Dataset) -> str:
    bare = data.seconds.sel(process=BARE)
    rows = []
    for name in data.process.values:
        seconds, memory = (spread(data[kind].sel(process=name)) for kind in ("seconds", "memory"))
        ratio = spread(data.seconds.sel(process=name) / bare)
        rows.append([str(name), str(seconds), str(ratio), number(memory.median, 3)])
    head = ["process", "seconds", "of the import of the libraries", "peak memory, MB"]
    return page.table(head, rows, "Fresh processes of one thread: median and quartiles.")


def draw_start(data: xr.Dataset) -> Figure:
    """Draw times of processes as bars.

    Parameters
    ----------
    data : xarray.Dataset
        ``seconds`` over ``process`` and ``repetition``.
    """
    figure = make_figure(1, 1, width=8.5, height=1.4 + 0.45 * data.sizes["process"])
    [axes] = figure.axes
    middle, low, high = np.array([spread(row) for row in data.seconds.values]).T
    places = np.arange(len(middle))[::-1]
    axes.barh(
        places, middle, xerr=[middle - low, high - middle], height=0.6, color=COLOURS[0],
        error_kw={"capsize": 3, "ecolor": "0.3"},
    )  # fmt: skip
    for place, value, end in zip(places, middle, high, strict=True):
        axes.annotate(
            f"{value:.3g} s", (end, place), xytext=(7, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(places, [str(name) for name in data.process.values])
    axes.set_xlabel("wall time, seconds")
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    return figure
