"""Word documents: paragraphs, lists and tables in the order of the document."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from index.errors import LoadError
from index.normal import on_one_line
from index.parsers.parsed import Parsed, Source, TextBuilder
from index.parsers.rows import add_rows

# Office documents with a password are stored in this older container.
_ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADING_STYLE = re.compile(r"heading (\d)", re.IGNORECASE)
# What zip, its compression and the XML in it raise; XML errors of lxml are syntax errors.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    SyntaxError,
    KeyError,
    ValueError,
    AttributeError,
    EOFError,
    OSError,
    RuntimeError,
)
# A small file can unpack to more than memory holds.
_MAX_UNPACKED = 20


def parse(source: Source) -> list[Parsed]:
    """One document, titled by its properties or its title paragraph, else by its first heading.

    Raises:
        LoadError: encrypted, damaged, or not a Word document.
    """
    if source.data.startswith(_ENCRYPTED):
        raise LoadError("Encrypted with a password, or in the older .doc format. Save it as .docx without a password.")
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_UNPACKED * source.settings.max_file_mb * 1e6:
                raise LoadError("Unpacks to more than can be read. Split it.")
        document = docx.Document(io.BytesIO(source.data))
    except (*_DAMAGE, PackageNotFoundError) as error:
        raise LoadError(f"Damaged, or not a Word document ({error}). Open it in Word and save it again.") from error
    builder = TextBuilder()
    title = on_one_line(document.core_properties.title or "")
    in_list = False
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            add_rows(builder, *_rows(block))
            in_list = False
            continue
        style = (block.style.name if block.style is not None else None) or ""
        heading = _HEADING_STYLE.match(style)
        is_item = style.startswith("List") or _is_numbered(block)
        if style == "Title":
            title = title or on_one_line(block.text)
            builder.add(on_one_line(block.text), heading=1)
        elif heading:
            builder.add(on_one_line(block.text), heading=int(heading.group(1)))
        elif is_item and block.text.strip():
            builder.add("- " + on_one_line(block.text), separator="\n" if in_list else "\n\n")
        else:
            builder.add("\n".join(map(on_one_line, block.text.split("\n"))))
        in_list = is_item
    return [builder.build(title)]


def _is_numbered(paragraph: Paragraph) -> bool:
    properties = paragraph._p.pPr
    return properties is not None and properties.numPr is not None


def _rows(table: Table) -> tuple[list[list[str]], int | None]:
    """The rows, and the number of the one that names the columns: the first, where its form or its words say so.

    A table with cells merged across columns has none, since it cannot be told which name belongs to which cell.
    """
    rows = []
    merged = False
    for row in table.rows:
        cells: list[_Cell] = []
        for cell in row.cells:
            # A merged cell is listed once for every column that it spans.
            if not cells or cell._tc is not cells[-1]._tc:
                cells.append(cell)
        merged = merged or len(cells) < len(row.cells) or row.grid_cols_before > 0
        rows.append([cell.text for cell in cells])
    header = 0 if rows and not merged and (_repeats(table) or _names_columns(rows)) else None
    return rows, header


def _repeats(table: Table) -> bool:
    """Whether Word repeats the first row on every page."""
    properties = table.rows[0]._tr.trPr
    mark = None if properties is None else properties.find(qn("w:tblHeader"))
    return mark is not None and mark.get(qn("w:val"), "1") in ("1", "true", "on")


def _names_columns(rows: list[list[str]]) -> bool:
    """Few authors mark a header: words above a column of figures are taken for one, but not in two columns.

    Those may be a list of properties, with a name and a value in each row.
    """
    first, below = rows[0], rows[1:]
    named = len(first) > 2 and all(cell.strip() and not any(map(str.isdigit, cell)) for cell in first)
    return named and any(all(any(map(str.isdigit, cell)) for cell in column) for column in zip(*below, strict=False))
