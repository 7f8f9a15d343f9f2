"""Tables as text: a row a line, cells separated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from index.normal import CELL_SEPARATOR, on_one_line
from index.parsers.parsed import TextBuilder


def add_rows(builder: TextBuilder, rows: Iterable[Sequence[str]], header: int | None = None) -> None:
    """Write a table. Empty rows are left out; a table of one column becomes paragraphs.

    `header` numbers the row that names the columns, where there is one: it is not written itself, each cell below it
    is, behind its column's name. Far down in a long table, and in a quote, no header can be seen.
    """
    lines = [[on_one_line(cell) for cell in row] for row in rows]
    if header is not None and _fits(lines, header):
        names = [name.rstrip(": ") for name in lines[header]]
        lines = lines[:header] + [_named(names, line) for line in lines[header + 1 :]]
    separator = "\n\n"
    for cells in lines:
        while cells and not cells[-1]:
            cells.pop()
        if any(cells):
            builder.add(CELL_SEPARATOR.join(cells), separator)
            separator = "\n"


def _named(names: Sequence[str], line: Sequence[str]) -> list[str]:
    cells = [(name, cell) for name, cell in zip(names, line, strict=False) if cell]
    # One cell alone is a headline over the rows that follow, or a caption.
    return [f"{name}: {cell}" if name and len(cells) > 1 else cell for name, cell in cells]


def _fits(lines: Sequence[Sequence[str]], header: int) -> bool:
    """Whether the header names every column of the rows below it, and there are any."""
    below = [len(line) for line in lines[header + 1 :] if any(line)]
    return bool(below) and 1 < len(lines[header]) >= max(below)
