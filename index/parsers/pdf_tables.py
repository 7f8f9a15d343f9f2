"""Rows of tables among the lines of a PDF page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from index.normal import CELL_SEPARATOR
from index.parsers.pdf_lines import Cell, Line

_MARK = re.compile(r"(?:[-*•·‣▪◦–—o]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})(?:\.\d{1,3})*[.)]?)$")
# Edges so near, in type sizes, are in one column.
_ALIGNED = 0.3
# Two columns of running text, both of which take so much of the page's text, are no table.
_WIDE_COLUMN = 0.33


def table_rows(page: Sequence[Line]) -> dict[int, str]:
    """The lines of a page that are rows of a table, by their place, with their cells separated.

    Only what is certain: two or more lines in succession whose parts stand below each other.
    """
    edges = [edge for line in page for cell in line.cells for edge in (cell.left, cell.right)]
    width = max(edges, default=0.0) - min(edges, default=0.0)
    rows: dict[int, str] = {}
    first = 0
    while first < len(page):
        end = first + 1
        while end < len(page) and _same_table(page[end - 1], page[end]):
            end += 1
        if end - first > 1 and not _is_running_text(page[first:end], width):
            header = max(page[first:end], key=lambda line: len(line.cells)).cells
            rows |= {place: _row(page[place].cells, header) for place in range(first, end)}
        first = end
    return rows


def _same_table(line: Line, following: Line) -> bool:
    return (
        _has_columns(line)
        and _has_columns(following)
        and line.baseline > following.baseline
        and any(_aligned(cell, other, line.size) for cell in line.cells[1:] for other in following.cells[1:])
    )


def _has_columns(line: Line) -> bool:
    """Parted by a wide gap; the one after the mark of a list item is none."""
    return len(line.cells) > (2 if line.cells and _MARK.match(line.cells[0].text) else 1)


def _aligned(cell: Cell, other: Cell, size: float) -> bool:
    return _distance(cell, other) <= _ALIGNED * size


def _distance(cell: Cell, other: Cell) -> float:
    """How far the nearest of the left edges, the right edges or the middles are apart, in points."""
    left, right = cell.left - other.left, cell.right - other.right
    return min(abs(left), abs(right), abs(left + right) / 2)


def _is_running_text(lines: Sequence[Line], width: float) -> bool:
    if any(len(line.cells) != 2 for line in lines):
        return False
    return all(
        median(line.cells[column].right - line.cells[column].left for line in lines) > _WIDE_COLUMN * width
        for column in (0, 1)
    )


def _row(cells: Sequence[Cell], header: Sequence[Cell]) -> str:
    """The cells of a row, an empty one where the fullest row has a cell and this has none."""
    places = [min(range(len(header)), key=lambda place: _distance(cell, header[place])) for cell in cells]
    if sorted(set(places)) != places:
        return CELL_SEPARATOR.join(cell.text for cell in cells)
    row = [""] * (places[-1] + 1)
    for place, cell in zip(places, cells, strict=True):
        row[place] = cell.text
    return CELL_SEPARATOR.join(row)
