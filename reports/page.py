"""Pieces of a self-contained page: tables, figures, lists, and the frame around them."""

from __future__ import annotations

import base64
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """Write a table that scrolls by itself on a narrow screen.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequence of str
        Plain text, escaped here.
    caption : str

    Returns
    -------
    str

    Examples
    --------
    >>> "<td>1 &lt; 2</td>" in table(["order"], [["1 < 2"]])
    True
    """
    heading = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    # outside the part that scrolls, so that it folds on a narrow screen
    title = f'<p class="caption">{escape(caption)}</p>\n' if caption else ""
    return (
        f'{title}<div class="scroll" tabindex="0"><table><thead><tr>{heading}</tr></thead>'
        f"\n<tbody>{body}</tbody></table></div>"
    )


def number(value: float, digits: int = 6) -> str:
    """Write a number, or a dash where there is none.

    Examples
    --------
    >>> number(0.17345071), number(float("nan")), number(0.0)
    ('0.173451', '–', '0')
    """
    return f"{value:.{digits}g}" if abs(value) < float("inf") else "–"


def figure(directory: Path, name: str, caption: str) -> str:
    """Embed an SVG of the report's directory, with links to its other files.

    Parameters
    ----------
    directory : pathlib.Path
    name : str
        Without suffix; ``.svg``, ``.png`` and ``.nc`` stand beside the page.
    caption : str
        Plain text.

    Returns
    -------
    str
    """
    image = base64.b64encode((directory / f"{name}.svg").read_bytes()).decode()
    links = ", ".join(
        f'<a href="{name}.{suffix}">{title}</a>'
        for suffix, title in (("png", "PNG"), ("svg", "SVG"), ("nc", "data, netCDF"))
    )
    return (
        f'<figure id="{name}"><div class="scroll"><img src="data:image/svg+xml;base64,{image}"'
        f' alt="{escape(caption)}"></div><figcaption>{escape(caption)}'
        f' <span class="files">({links})</span></figcaption></figure>'
    )


def items(lines: Sequence[str]) -> str:
    """Write a list of sentences.

    Examples
    --------
    >>> items(["a < b"])
    '<ul><li>a &lt; b</li></ul>'
    """
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def folded(title: str, content: str) -> str:
    """Fold long content away under a title."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def page(title: str, sections: Sequence[tuple[str, str, str]]) -> str:
    """Put sections into a page with its style inside, so that one file is the whole page.

    Parameters
    ----------
    title : str
    sections : sequence of (identifier, heading, content)

    Returns
    -------
    str

    Examples
    --------
    >>> page("Report", [("numbers", "Numbers", "<p>1</p>")]).startswith("<!DOCTYPE html>")
    True
    """
    style = resources.files("reports").joinpath("style.css").read_text(encoding="utf-8")
    contents = "".join(f'<a href="#{key}">{escape(name)}</a> ' for key, name, _ in sections)
    body = "\n".join(
        f'<section id="{key}"><h2>{escape(name)}</h2>\n{content}\n</section>'
        for key, name, content in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<main>\n<h1>{escape(title)}</h1>\n<nav>{contents}</nav>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )
