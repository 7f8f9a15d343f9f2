"""Tables of records (csv, tab-separated, json lines): one document, or one a row where a text column is named."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from index.errors import LoadError
from index.normal import normalise, on_one_line
from index.parsers.encoding import decode
from index.parsers.parsed import Parsed, Source, TextBuilder
from index.parsers.rows import add_rows

_SAMPLE = 64_000  # characters
# A field of a csv file may be a whole article.
_MAX_FIELD = 2**31 - 1


def parse(source: Source) -> list[Parsed]:
    """Without a text column the whole table is one document; with one, each row whose text is not blank is one.

    Raises:
        LoadError: a line is not json, or the named column is missing.
    """
    records = list(_json_lines(source.data) if source.suffix in (".jsonl", ".ndjson") else _csv(source))
    column, title_column = source.settings.text_column, source.settings.title_column
    if not column:
        builder = TextBuilder()
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


def _csv(source: Source) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows numbered from 1, the header not counted."""
    text = decode(source.data).lstrip("\ufeff")
    delimiter = "\t"
    if source.suffix == ".csv":
        try:
            delimiter = csv.Sniffer().sniff(text[:_SAMPLE].split("\n", 1)[0], ",;\t|").delimiter
        except csv.Error:
            delimiter = ","
    csv.field_size_limit(_MAX_FIELD)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        header = _unique([on_one_line(name) for name in next(rows, [])])
        for number, row in enumerate(rows, 1):
            # A text with a delimiter that nobody quoted: it belongs to the last column.
            if len(row) > len(header) > 0:
                row[len(header) - 1 :] = [delimiter.join(row[len(header) - 1 :])]
            yield number, dict(zip(header, row, strict=False))
    except csv.Error as error:
        raise LoadError(f"Damaged table: {error}. Export it again.") from error


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
