"""The record of what made a result, as a table."""

from __future__ import annotations

import json

from reports import page


def provenance_table(record: str) -> str:
    """Write a record of `numerics.provenance.provenance` as a table.

    Parameters
    ----------
    record : str
        JSON.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> "<td>model: gain</td>" in provenance_table('{"model": {"gain": "1"}}')
    True
    """
    rows = [
        [f"{part}: {key}" if key else part, str(value)]
        for part, entry in json.loads(record).items()
        for key, value in (entry.items() if isinstance(entry, dict) else [("", entry)])
    ]
    return page.table(["what", "value"], rows).replace("<table>", '<table class="words">')
