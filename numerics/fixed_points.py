"""Fixed points of a dynamics: searched from many starts, told apart, and their stability."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from numerics.growth import growth_rates, largest_growth_rate
from numerics.homotopy import ZERO, follow_to_zero
from numerics.memory import check_memory
from numerics.targets import dimensionless
from numerics.trust_region import STATIONARY, minimise
from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from numerics.scales import Scales
    from numerics.targets import Target

    Progress = Callable[[int, int], object]

METHODS = ("homotopy", "newton", "levenberg_marquardt")
SLOW = 1e-2
"""Speed ``|F|/sqrt(N)``, in units of the target's scales, below which a stationary point of E with
F != 0 is called slow."""
SAME = 1e-6
"""Distance over sqrt(N), in the same units, below which two ends are one point."""
_LEADING = 1e-3
"""Relative accuracy of a growth rate where not all eigenvalues are found."""
KINDS = ("zero", "slow point", "spurious minimum", "unfinished")
_LONG_NAMES = {
    "state": "state x of a unit",
    "speed": "|F|/sqrt(N)",
    "gradient": "|grad E|/sqrt(N)",
    "energy": "quasi-potential per unit",
    "kind": "what the point is",
    "multiplicity": "number of starts that ended there",
    "growth_rate": "largest real part of the eigenvalues of the Jacobian of F",
    "unstable": "number of eigenvalues with positive real part; -1: not computed",
    "end": "fixed point at which a start ended",
    "work": "factorisations (homotopy) or products with a matrix",
    "reason": "why a start did not finish",
}


def find_fixed_points(
    target: Target,
    starts: ArrayLike,
    *,
    method: str = "homotopy",
    tolerance: float = STATIONARY,
    threads: int = 1,
    largest_spectrum: int = 2000,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Search fixed points from many starts.

    Parameters
    ----------
    target : Target
        From `numerics.targets`: a network, dense or sparse, or an explicit system.
    starts : array_like, shape (N, S)
        One start a column.
    method : {"homotopy", "newton", "levenberg_marquardt"}
        `numerics.homotopy.follow_to_zero` ends at zeros of F and factorises dense matrices;
        the others minimise E by products only (`numerics.trust_region.minimise`), with the
        Hessian or with that of Levenberg and Marquardt, and also end where F is not zero.
    tolerance : float
        Gradient ``|grad E|/sqrt(N)``, in units of the target's scales, below which a point is
        stationary. Above the default a
        minimisation stops there, also where the speed still falls, so that a zero may be taken for
        a slow point.
    threads : int
        Paths followed side by side; the result has the same bits on any number.
    largest_spectrum : int
        Size up to which all eigenvalues are computed and unstable directions counted.
    progress : callable, optional
        Called with the number of starts done and their total.

    Returns
    -------
    xarray.Dataset
        Over ``fixed_point`` and ``unit``, zeros first, with duplicates merged; over
        ``start``, where each start ended. A start that did not finish has ``end = -1``, and the
        reason.

    Raises
    ------
    ModelError
        If the method does not exist or does not fit, starts are not finite, the tolerance is not
        positive, or memory does not suffice.

    Notes
    -----
    The search is made in units of the target's scales, and so are the thresholds. ``zero``: speed
    below 1e-10. Else, with a gradient of E below the tolerance, F lies in the
    kernel of the transposed Jacobian: a ``slow point`` if the speed is below 1e-2, else a
    ``spurious minimum``. Every method finds points with a bias of its own: none draws them with
    equal weights.

    Examples
    --------
    >>> from numerics.targets import dynamics_target
    >>> from theory import Dynamics
    >>> target = dynamics_target(Dynamics(["x"], ["x - x**3"]))
    >>> found = find_fixed_points(target, [[-0.6, 0.2, 0.7]])
    >>> found.state.values.round(9).tolist(), found.multiplicity.values.tolist()
    ([[-1.0], [1.0]], [1, 2])
    """
    starts = np.array(starts, dtype=float)
    if starts.ndim != 2 or len(starts) != target.size or not np.isfinite(starts).all():
        msg = f"starts are finite numbers of shape ({target.size}, starts), not {starts.shape}"
        raise ModelError(msg)
    if method not in METHODS:
        msg = f"method must be one of {', '.join(METHODS)}, not {method!r}"
        raise ModelError(msg)
    if not 0 < tolerance < 1:
        msg = f"tolerance must lie between 0 and 1, not {tolerance}; 1e-8 is a good choice"
        raise ModelError(msg)
    scales, target = target.scales, dimensionless(target)
    starts = (starts - scales.origin) / scales.width()
    if method == "homotopy":
        states, work, reasons = _follow(target, starts, threads, progress)
    else:
        model = "hessian" if method == "newton" else "gauss_newton"
        check_memory(8.0 * starts.size * 16, f"minimising from {starts.shape[1]} starts")
        polish = tolerance <= STATIONARY
        descent = minimise(
            target, starts, model=model, tolerance=tolerance, polish=polish, progress=progress
        )
        states, work, reasons = descent.state, descent.products, descent.reason
    found = _dataset(target, states, work, reasons, method, tolerance, largest_spectrum)
    return _in_units(found, scales)


def _in_units(found: xr.Dataset, scales: Scales) -> xr.Dataset:
    """Write what was found in dimensionless units in those of the model."""
    width, rate = scales.width(), 1 / scales.time
    found["state"].values[:] = scales.states(found["state"].values)
    factors = {"speed": width * rate, "gradient": width * rate**2, "energy": (width * rate) ** 2}
    for name, factor in (factors | {"growth_rate": rate}).items():
        found[name].values[:] *= factor
    return found


def _follow(
    target: Target, starts: np.ndarray, threads: int, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size, count = starts.shape
    if target.is_sparse:
        msg = (
            "the homotopy factorises dense matrices, and the couplings are sparse;"
            " use method='newton'"
        )
        raise ModelError(msg)
    side_by_side = min(threads, count)
    needed = 8.0 * 3 * size**2 * side_by_side
    check_memory(needed, f"{side_by_side} paths of {size} units side by side")
    states = np.empty_like(starts)
    work = np.zeros(count, dtype=int)
    reasons = np.full(count, "", dtype=object)
    # one thread in products and factorisations: the same bits on any number of threads
    with threadpool_limits(1), ThreadPoolExecutor(side_by_side) as pool:
        paths = pool.map(lambda k: follow_to_zero(target, starts[:, k]), range(count))
        for k, path in enumerate(paths):
            states[:, k], work[k], reasons[k] = path.state, path.steps, path.reason
            if progress is not None:
                progress(k + 1, count)
    return states, work, reasons


def _dataset(
    target: Target,
    states: np.ndarray,
    work: np.ndarray,
    reasons: np.ndarray,
    method: str,
    tolerance: float,
    largest_spectrum: int,
) -> xr.Dataset:
    root = np.sqrt(target.size)
    energy, slope = target.energy_and_gradient(states)
    speed = np.linalg.norm(target.drift(states), axis=0) / root
    gradient = np.linalg.norm(slope, axis=0) / root
    kind = classify(speed, gradient, tolerance)
    reasons = np.where((kind == "unfinished") & (reasons == ""), "not stationary", reasons)
    # zeros in the order of the starts, the others by their speed
    order = np.argsort(np.where(kind == "zero", 0.0, speed), kind="stable")
    end = merge(states, order, kind != "unfinished")
    first = np.array([np.flatnonzero(end == k)[0] for k in range(end.max() + 1)], dtype=int)
    points = {
        "speed": speed[first],
        "gradient": gradient[first],
        "energy": energy[first] / target.size,
        "kind": kind[first],
        "multiplicity": np.bincount(end[end >= 0], minlength=len(first)),
    }
    stability = [_stability(target, states[:, k], largest_spectrum) for k in first]
    points["growth_rate"] = np.array([rate for rate, _ in stability], dtype=float)
    points["unstable"] = np.array([count for _, count in stability], dtype=int)
    per_start = {"end": end, "work": work, "reason": reasons}
    variables: dict = {"state": (("fixed_point", "unit"), states[:, first].T)}
    variables |= {name: ("fixed_point", values) for name, values in points.items()}
    variables |= {name: ("start", values) for name, values in per_start.items()}
    dataset = xr.Dataset(variables)
    for name in variables:
        dataset[name].attrs = {"long_name": _LONG_NAMES[name], "units": "1"}
    settings = {"method": method, "zero": ZERO, "stationary": tolerance, "same": SAME}
    versions = {name: metadata.version(name) for name in ("restpoint", "numpy", "scipy", "numba")}
    record = json.dumps({"settings": settings, "versions": versions})
    return dataset.assign_attrs(format_version=1, provenance=record)


def classify(speed: np.ndarray, gradient: np.ndarray, tolerance: float = STATIONARY) -> np.ndarray:
    """Tell what states are from their speed and the gradient of the energy.

    Parameters
    ----------
    speed, gradient : ndarray
        ``|F|/sqrt(N)`` and ``|grad E|/sqrt(N)``.
    tolerance : float
        Of the gradient.

    Returns
    -------
    ndarray of str
        One of `KINDS`.

    Examples
    --------
    >>> classify(np.array([1e-12, 1e-3, 0.1, 0.1]), np.array([0, 1e-9, 1e-9, 1e-3])).tolist()
    ['zero', 'slow point', 'spurious minimum', 'unfinished']
    """
    conditions = [speed < ZERO, gradient >= tolerance, speed < SLOW]
    return np.select(conditions, ["zero", "unfinished", "slow point"], "spurious minimum")


def merge(states: np.ndarray, order: np.ndarray, finished: np.ndarray) -> np.ndarray:
    """Number the different points among states, in a given order.

    Parameters
    ----------
    states : ndarray, shape (N, S)
    order : ndarray of int, shape (S,)
        The first of several states that are one point stands for it.
    finished : ndarray of bool, shape (S,)

    Returns
    -------
    ndarray of int, shape (S,)
        Number of the point of every state, -1 where it is not finished.

    Examples
    --------
    >>> states = np.array([[1.0, 2.0, 1.0 + 1e-9, 5.0]])
    >>> merge(states, np.arange(4), np.array([True, True, True, False])).tolist()
    [0, 1, 0, -1]
    """
    number = np.full(states.shape[1], -1)
    representatives: list[int] = []
    for k in order[finished[order]]:
        for place, other in enumerate(representatives):
            if np.linalg.norm(states[:, k] - states[:, other]) < SAME * np.sqrt(len(states)):
                number[k] = place
                break
        else:
            number[k] = len(representatives)
            representatives.append(int(k))
    return number


def _stability(target: Target, state: np.ndarray, largest_spectrum: int) -> tuple[float, int]:
    """Largest growth rate, and the number of unstable directions where it is affordable."""
    if target.size > largest_spectrum:
        return largest_growth_rate(target, state, tolerance=_LEADING), -1
    rates = growth_rates(target, state)
    return float(rates[-1]), int((rates > 0).sum())
