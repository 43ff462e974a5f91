"""What the commands share on their command line: a model, and values of its parameters."""

from __future__ import annotations

import os
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reports.chosen import TOLERANCE, Chosen
from reports.parsing import parse_axis, parse_number, refuse

if TYPE_CHECKING:
    from collections.abc import Callable


LEAST_TOLERANCE, MOST_TOLERANCE = 1e-14, 1e-2

_FUNCTIONS = {
    "local": ("-x", "Local drift a(x) of a unit."),
    "gain": ("1", "Gain b(x) on the input of a unit."),
    "transfer": ("tanh(x)", "Transfer function c(x)."),
}
_NUMBERS = {
    "mean": "Sum of the mean couplings into a unit.",
    "field-std": "Standard deviation of the constant random fields.",
    "confinement": "Strength eta of the confinement eta x^2 per unit.",
}
_SWEPT = ("mean", "field-std")


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a model, and hand it the `RandomNetwork` they describe."""
    return _model_options(command, _NUMBERS)


def swept_model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a model, ``--mean`` and ``--field-std`` with many values.

    The `RandomNetwork` it is handed has neither; the values come as lists.
    """
    fixed = {option: text for option, text in _NUMBERS.items() if option not in _SWEPT}
    command = _model_options(command, fixed)
    for option in reversed(_SWEPT):
        command = _values_option(option, _NUMBERS[option], default="0", show_default=True)(command)
    return command


def _model_options(command: Callable[..., Any], numbers: dict[str, str]) -> Callable[..., Any]:
    @wraps(command)
    def with_network(**arguments: Any) -> Any:
        from theory.ensembles import RandomNetwork  # noqa: PLC0415  (it brings SymPy)

        model = {name: arguments.pop(name) for name in _FUNCTIONS}
        for option in numbers:
            value = parse_number(arguments.pop(option.replace("-", "_")), f"--{option}")
            model[option.replace("-", "_")] = int(value) if value == int(value) else value
        return command(network=RandomNetwork(**model), **arguments)

    for option, text in reversed(numbers.items()):
        with_network = click.option(
            f"--{option}", default="0", show_default=True, metavar="NUMBER", help=text
        )(with_network)
    for option, (default, text) in reversed(_FUNCTIONS.items()):
        with_network = click.option(
            f"--{option}", default=default, show_default=True, metavar="EXPRESSION", help=text
        )(with_network)
    return with_network


def model_given(context: click.Context) -> bool:
    """Tell whether the command line says anything about the model, be it the default."""
    names = [name.replace("-", "_") for name in (*_FUNCTIONS, *_NUMBERS)]
    return any(
        context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
        for name in names
    )


def axis_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``--g``, ``--gamma`` and ``--temperature``."""
    texts = {
        "temperature": "Temperature(s) T >= 0.",
        "gamma": "Reciprocity, between -1 and 1.",
        "g": "Coupling strength(s), >= 0: a number, a list 0.8,1.0 or a range 0.4:1.4:101.",
    }
    for name, text in texts.items():
        command = _values_option(name, text, required=True)(command)
    return command


def chosen_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a report ``--g``, ``--gamma``, ``--temperature`` and ``--tolerance``, as a `Chosen`."""
    names = ("g", "gamma", "temperature")

    @wraps(command)
    def with_chosen(*, tolerance: float, **arguments: Any) -> Any:
        given = {name: arguments.pop(name) for name in names}
        values = {name: None if axis is None else tuple(axis) for name, axis in given.items()}
        return command(chosen=Chosen(**values, tolerance=tolerance), **arguments)

    result = tolerance_option(with_chosen)
    for name in reversed(names):
        text = f"Values of {name} instead of those of the report."
        result = _values_option(name, text)(result)
    return result


def refused_options(reason: str) -> Callable[..., Any]:
    """Give a report options that it does not have, to be refused with the reason."""

    def refused(context: click.Context, option: click.Parameter, text: str | None) -> None:
        if text is not None:
            msg = f"{option.opts[0]}: {reason}"
            raise click.UsageError(msg, context)

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in ("g", "gamma", "temperature", "tolerance"):
            command = click.option(f"--{name}", hidden=True, expose_value=False, callback=refused)(
                command
            )
        return command

    return add


def tolerance_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--tolerance``."""
    return click.option(
        "--tolerance", default=f"{TOLERANCE:g}", show_default=True, metavar="NUMBER",
        callback=_read_tolerance, help="Relative accuracy of the order parameters.",
    )(command)  # fmt: skip


def _read_tolerance(context: click.Context, option: click.Parameter, text: str) -> float:
    value = parse_number(text, "--tolerance")
    if not LEAST_TOLERANCE <= value <= MOST_TOLERANCE:
        rule = f"use between {LEAST_TOLERANCE:g}, which rounding leaves, and {MOST_TOLERANCE:g}"
        refuse("--tolerance", f"{value:g} cannot be used; {rule}")
    return value


def _values_option(name: str, text: str, **settings: Any) -> Callable[..., Any]:
    return click.option(
        f"--{name}", name.replace("-", "_"), metavar="VALUES", help=text, callback=_read_axis,
        **settings,
    )  # fmt: skip


def _read_axis(
    context: click.Context, option: click.Parameter, text: str | None
) -> list[float] | None:
    return None if text is None else parse_axis(text, option.opts[0])


def output_option(metavar: str, text: str, **settings: Any) -> Callable[..., Any]:
    """Give a command the options ``--output`` and ``--overwrite``."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        command = click.option(
            "--overwrite", is_flag=True, help="Replace also what this command did not write."
        )(command)
        return click.option(
            "--output", type=click.Path(path_type=Path), metavar=metavar, help=text,
            **settings,
        )(command)  # fmt: skip

    return add


def threads_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--threads``, 1 by default."""
    return _threads(1)(command)


def simulation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--seed``, and ``--threads`` with all usable cores by default."""
    return seed_option(_threads(usable_cores(), "the usable cores")(command))


def seed_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--seed``, 0 by default."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Everything random follows from it.",
    )(command)


def _threads(default: int, shown: bool | str = True) -> Callable[..., Any]:
    return click.option(
        "--threads",
        type=click.IntRange(1, 1024),
        default=default,
        show_default=shown,
        help="Threads that share the work; the result does not depend on it.",
    )


def usable_cores() -> int:
    """Count the processor cores that this process may use.

    Examples
    --------
    >>> usable_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
