"""Tables as text: a row a line, cells separated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from index.normal import CELL_SEPARATOR, on_one_line
from index.parsers.parsed import TextBuilder


def add_rows(builder: TextBuilder, rows: Iterable[Sequence[str]]) -> None:
    """Write a table. Empty rows are left out; a table of one column becomes paragraphs."""
    separator = "\n\n"
    for row in rows:
        cells = [on_one_line(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if any(cells):
            builder.add(CELL_SEPARATOR.join(cells), separator)
            separator = "\n"
