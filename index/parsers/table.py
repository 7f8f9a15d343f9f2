"""Tables of records (csv, tab-separated, json lines): one document, or one a row where a text column is named."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

from index.errors import LoadError
from index.normal import normalise, on_one_line
from index.parsers.encoding import decode
from index.parsers.parsed import Parsed, Source, TextBuilder
from index.parsers.rows import add_rows

_SAMPLE = 64_000  # characters
_DELIMITERS = ",;\t|"
_LINE_END = re.compile(r"\r\n?|\n")
# Excel's own first line, which tells it the delimiter and which it does not show.
_TOLD_DELIMITER = re.compile(r'"?sep=([^\w\s"]|\t)"?[ \t]*(?:\r\n?|\n|\Z)', re.IGNORECASE)
# A field of a csv file may be a whole article.
_MAX_FIELD = 2**31 - 1


def parse(source: Source) -> list[Parsed]:
    """Without a text column the whole table is one document; with one, each row whose text is not blank is one.

    Raises:
        LoadError: a line is not json, or the named column is missing.
    """
    column, title_column = source.settings.text_column, source.settings.title_column
    if source.suffix in (".jsonl", ".ndjson"):
        headline, records = "", list(_json_lines(source.data))
    else:
        headline, records = _csv(source)
    if not column:
        builder = TextBuilder()
        builder.add(headline, heading=1)
        # A record may lack columns that another has, so each names its own.
        add_rows(builder, ([f"{key}: {text}" for key, text in row.items() if text.strip()] for _, row in records))
        return [builder.build()]
    if not any(column in record for _, record in records):
        names = ", ".join(dict.fromkeys(key for _, record in records for key in record)) or "none"
        raise LoadError(f"Has no column {column!r} (load.text_column); its columns are {names}.")
    return [
        Parsed(normalise(text).strip(), on_one_line(record.get(title_column, "")), row=number)
        for number, record in records
        if (text := record.get(column, "")).strip()
    ]


def _csv(source: Source) -> tuple[str, list[tuple[int, dict[str, str]]]]:
    """The line above the header, if one heads the table, and the rows, numbered from 1 below the header."""
    text = decode(source.data).lstrip("\ufeff")
    told = _TOLD_DELIMITER.match(text)
    if told:
        text = text[told.end() :]
        delimiter = told.group(1)
    else:
        delimiter = _delimiter(text[:_SAMPLE]) if source.suffix == ".csv" else "\t"
    csv.field_size_limit(_MAX_FIELD)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise LoadError(f"Damaged table: {error}. Export it again.") from error
    filled = [place for place, row in enumerate(rows) if any(map(str.strip, row))]
    if not filled:
        return "", []
    top, headline = filled[0], ""
    wanted = source.settings.text_column
    if not (wanted and wanted in map(on_one_line, rows[top])) and _heads([rows[i] for i in filled[:3]]):
        top, headline = filled[1], on_one_line(rows[top][0])
    header = _unique([on_one_line(name) for name in rows[top]])
    records = []
    for number, row in enumerate(rows[top + 1 :], 1):
        # A text with a delimiter that nobody quoted: it belongs to the last column.
        if len(row) > len(header):
            row[len(header) - 1 :] = [delimiter.join(row[len(header) - 1 :])]
        records.append((number, dict(zip(header, row, strict=False))))
    return headline, records


def _delimiter(text: str) -> str:
    """That of the header: the first line that has one at all, among the first two that are not blank."""
    lines = [line for line in _LINE_END.split(text) if line.strip(_DELIMITERS + ' "')]
    line = next((line for line in lines[:2] if any(map(line.__contains__, _DELIMITERS))), "")
    try:
        return csv.Sniffer().sniff(line, _DELIMITERS).delimiter
    except csv.Error:
        return ","


def _heads(rows: list[list[str]]) -> bool:
    """Whether the first row is a line above the table: it has one cell, and the two rows below have several.

    A column of texts or figures is parted too where nobody quoted its commas: before a blank, or between digits.
    """
    if len(rows) < 3 or not rows[0][0].strip() or any(map(str.strip, rows[0][1:])):
        return False
    first, names, below = rows
    if not 1 < len(names) == len(below) or any(name[:1].isspace() for name in names):
        return False
    figures = [any(map(str.isdigit, name)) for name in names]
    # Filled up with empty cells, as by Excel, it could also be a header that leaves columns without a name.
    return not all(figures) if len(first) == 1 else all(names) and not any(figures)


def _unique(names: list[str]) -> list[str]:
    """Column names, those that are blank or stand twice made into "column 3"."""
    return [
        name if name and name not in names[:i] else f"{name} column {i + 1}".strip() for i, name in enumerate(names)
    ]


def _json_lines(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(decode(data).lstrip("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise LoadError(f"Line {number} is not json: {error}. Correct the line.") from error
        if not isinstance(record, dict):
            raise LoadError(f"Line {number} is not a json object. Write one object a line.")
        yield number, {key: _as_text(value) for key, value in record.items()}


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
