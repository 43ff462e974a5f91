"""A section of a report: words, figures with their numbers, and what did not hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from reports import page
from reports.store import write_dataset, write_figure, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import xarray as xr
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Drawing:
    """A figure, the numbers it shows, and its caption."""

    figure: Figure
    data: xr.Dataset
    caption: str


@dataclass(frozen=True)
class Section:
    """Part of a page.

    Parameters
    ----------
    key : str
        Identifier on the page.
    heading : str
    html : str
        Tables and lists.
    drawings : dict of str to Drawing
        By the name of the files.
    data : dict of str to xarray.Dataset
        Further numbers, by the name of the file.
    problems : sequence of str
        What did not converge or hold, one line each.
    """

    key: str
    heading: str
    html: str
    drawings: dict[str, Drawing] = field(default_factory=dict)
    data: dict[str, xr.Dataset] = field(default_factory=dict)
    problems: Sequence[str] = ()

    def write(self, directory: Path) -> tuple[str, str, str]:
        """Write figures and datasets, and give what `reports.page.page` takes."""
        parts = []
        for name, drawing in self.drawings.items():
            write_dataset(drawing.data, directory / f"{name}.nc")
            write_figure(drawing.figure, directory / name)
            parts.append(page.figure(directory, name, drawing.caption))
        for name, data in self.data.items():
            write_dataset(data, directory / f"{name}.nc")
        files = ", ".join(f'<a href="{name}.nc">{name}.nc</a>' for name in self.data)
        parts += [self.html, f"<p>Numbers: {files}.</p>" if files else ""]
        return self.key, self.heading, "\n".join(parts)


def joined(key: str, heading: str, parts: Sequence[Section]) -> Section:
    r"""Put sections under one heading, with their own headings below it.

    Examples
    --------
    >>> both = joined("a", "Both", [Section("b", "One", "<p>1</p>"), Section("c", "Two", "")])
    >>> both.html
    '<h3>One</h3>\n<p>1</p>\n<h3>Two</h3>\n'
    """
    return Section(
        key,
        heading,
        "\n".join(f"<h3>{escape(part.heading)}</h3>\n{part.html}" for part in parts),
        {name: drawing for part in parts for name, drawing in part.drawings.items()},
        {name: data for part in parts for name, data in part.data.items()},
        [problem for part in parts for problem in part.problems],
    )


def write_sections(
    title: str,
    directory: Path,
    studies: Sequence[Callable[[], Section]],
    progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """Make sections one by one, and write each with a page of those that are there.

    Parameters
    ----------
    title : str
        Of the page ``index.html``.
    directory : pathlib.Path
    studies : sequence of callable
    progress : callable, optional
        Called with the number of sections done and their total.

    Returns
    -------
    list of str
        What did not hold, one line each.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> study = lambda: Section("a", "One", "<p>1</p>", problems=["too few points"])
    >>> write_sections("Example", Path(mkdtemp()), [study])
    ['too few points']
    """
    written: list[tuple[str, str, str]] = []
    problems: list[str] = []
    total = len(studies)
    for done, study in enumerate(studies, 1):
        section = study()
        written.append(section.write(directory))
        problems += section.problems
        ending = f"<p>The report was not finished: {done} of {total} sections are there.</p>"
        left = [("unfinished", "Not finished", ending)] if done < total else []
        write_text(page.page(title, [*written, *left]), directory / "index.html")
        if progress:
            progress(done, total)
    return problems


def refused(key: str, heading: str, reason: str) -> Section:
    """Make a section that says why it is empty."""
    return Section(key, heading, page.items([f"Not for this model: {reason}."]))
