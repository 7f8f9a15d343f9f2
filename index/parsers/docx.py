"""Word documents: paragraphs, lists, tables and text boxes in the order of the document, notes after their section."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Any

import docx
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.oxml.table import CT_Row, CT_Tbl, CT_Tc
from docx.oxml.text.paragraph import CT_P
from docx.oxml.xmlchemy import BaseOxmlElement
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
_PARAGRAPH, _TABLE = qn("w:p"), qn("w:tbl")
# What stands in them is read as if they were not there: content controls, tracked insertions, fields, links and other
# marks, around blocks, rows, cells or runs. Not so tracked deletions (w:del) and the places that text was moved from.
_TRANSPARENT = frozenset(
    qn(f"w:{name}")
    for name in ("sdt", "sdtContent", "ins", "moveTo", "fldSimple", "hyperlink", "smartTag", "customXml", "dir", "bdo")
)
_TEXT_BOX = qn("w:txbxContent")
# What stands in them is not their block's: deletions are not read, a text box writes what is in it, and what is there
# for older programs repeats the text box before it.
_LEFT_OUT = frozenset(
    (qn("w:del"), qn("w:moveFrom"), _TEXT_BOX, "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback")
)
_NOTES = {
    qn("w:footnoteReference"): (RELATIONSHIP_TYPE.FOOTNOTES, qn("w:footnote")),
    qn("w:endnoteReference"): (RELATIONSHIP_TYPE.ENDNOTES, qn("w:endnote")),
}
_NoteKey = tuple[str, str]
_GALLERY = "/".join(map(qn, ("w:sdtPr", "w:docPartObj", "w:docPartGallery")))
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
        notes = _notes(document)
    except (*_DAMAGE, PackageNotFoundError) as error:
        raise LoadError(f"Damaged, or not a Word document ({error}). Open it in Word and save it again.") from error
    writer = _Writer(document, notes)
    writer.write(document.element.body)
    writer.write_notes()
    return [writer.builder.build(on_one_line(document.core_properties.title or "") or writer.title)]


class _Writer:
    """Writes blocks in the order of the document; `title` is the text of its title paragraph, if it has one."""

    def __init__(self, document: Document, notes: Mapping[_NoteKey, BaseOxmlElement]) -> None:
        self.builder = TextBuilder()
        self.title = ""
        self._document = document
        self._notes = notes
        self._waiting: list[BaseOxmlElement] = []
        self._in_list = False

    def write(self, parent: BaseOxmlElement) -> None:
        """Write the paragraphs and tables of a document's body, of a cell, a text box or a note."""
        for block in _children(parent, _PARAGRAPH, _TABLE):
            if block.tag == _TABLE:
                self._write_table(block)
            else:
                self._write_paragraph(block)

    def _write_paragraph(self, element: CT_P) -> None:
        found = Paragraph(element, self._document).style
        style = (found.name if found is not None else None) or ""
        heading = _HEADING_STYLE.match(style)
        if heading:
            self.write_notes()
        is_item = style.startswith("List") or _is_numbered(element)
        text = _text(element)
        if style == "Title":
            self.title = self.title or on_one_line(text)
            self.builder.add(on_one_line(text), heading=1)
        elif heading:
            self.builder.add(on_one_line(text), heading=int(heading.group(1)))
        elif is_item and text.strip():
            self.builder.add("- " + on_one_line(text), separator="\n" if self._in_list else "\n\n")
        else:
            self.builder.add("\n".join(map(on_one_line, text.split("\n"))))
        self._in_list = is_item
        self._write_inside(element)

    def _write_inside(self, block: CT_P | CT_Row) -> None:
        """Write the text boxes that are anchored in a block; its notes wait for the end of the section."""
        for box in _inside(block, _TEXT_BOX):
            self.write(box)
        marks = (_note_key(mark.tag, mark) for mark in _inside(block, *_NOTES))
        self._waiting += [self._notes[key] for key in marks if key in self._notes]

    def write_notes(self) -> None:
        """Write the footnotes and endnotes of the section: between its sentences they would tear them apart."""
        waiting, self._waiting = self._waiting, []
        for note in waiting:
            self.write(note)

    def _write_table(self, table: CT_Tbl) -> None:
        """Rows that hold another table are there for the layout: their cells are written one after another."""
        for is_layout, rows in groupby(_rows(table), _holds_table):
            if is_layout:
                for row in rows:
                    for cell in row.written:
                        self.write(cell)
            else:
                plain = list(rows)
                add_rows(self.builder, *_as_text(plain))
                for row in plain:
                    self._write_inside(row.element)
            self._in_list = False


def _children(parent: BaseOxmlElement, *tags: str) -> Iterator[Any]:
    """The children with these tags in the order of the document, those of transparent elements among them."""
    for child in parent:
        if child.tag in tags:
            yield child
        elif child.tag in _TRANSPARENT and not _is_contents(child):
            yield from _children(child, *tags)


def _inside(block: BaseOxmlElement, *tags: str) -> Iterator[Any]:
    """What stands in a block at any depth and is part of the accepted document, its text boxes not looked into."""
    for element in block.iter(*tags):
        between = takewhile(lambda above: above is not block, element.iterancestors())
        if not any(above.tag in _LEFT_OUT for above in between):
            yield element


def _notes(document: Document) -> dict[_NoteKey, BaseOxmlElement]:
    """Each footnote and endnote by the tag and the number of the mark that refers to it."""
    found: dict[_NoteKey, BaseOxmlElement] = {}
    for mark, (relationship, tag) in _NOTES.items():
        for part in (r.target_part for r in document.part.rels.values() if r.reltype == relationship):
            found |= {_note_key(mark, note): note for note in parse_xml(part.blob).iter(tag)}
    return found


def _note_key(mark: str, element: BaseOxmlElement) -> _NoteKey:
    return mark, element.get(qn("w:id"), "")


def _is_contents(element: BaseOxmlElement) -> bool:
    """Whether it is the table of contents that Word made of the headings: they are in the text already."""
    return any(name.get(qn("w:val")) == "Table of Contents" for name in element.findall(_GALLERY))


def _text(paragraph: CT_P) -> str:
    return "".join(run.text for run in _children(paragraph, qn("w:r")))


def _is_numbered(paragraph: CT_P) -> bool:
    return paragraph.pPr is not None and paragraph.pPr.numPr is not None


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a table: the cells that are written in it, and those that are seen in it.

    They differ where a cell is merged with those above it; `spans` says that one is merged across columns.
    """

    element: CT_Row
    written: list[CT_Tc]
    seen: list[CT_Tc]
    spans: bool


def _rows(table: CT_Tbl) -> Iterator[_Row]:
    """All but those whose deletion is tracked."""
    above: dict[int, CT_Tc] = {}
    for row in _children(table, qn("w:tr")):
        if row.trPr is not None and row.trPr.find(qn("w:del")) is not None:
            continue
        column = row.grid_before
        spans = column > 0
        written = list(_children(row, qn("w:tc")))
        seen: dict[int, CT_Tc] = {}
        for cell in written:
            # Some programs mark a cell as going on from above where there is none above.
            seen[column] = above.get(column, cell) if cell.vMerge == "continue" else cell
            column += max(1, cell.grid_span)
            spans = spans or cell.grid_span > 1
        yield _Row(row, written, list(seen.values()), spans)
        above = seen


def _holds_table(row: _Row) -> bool:
    return any(True for cell in row.written for _ in _children(cell, _TABLE))


def _as_text(rows: list[_Row]) -> tuple[list[list[str]], int | None]:
    """The rows, and the number of the one that names the columns: the first, where its form or its words say so.

    A table with cells merged across columns has none, since it cannot be told which name belongs to which cell.
    """
    texts = [["\n".join(map(_text, _children(cell, _PARAGRAPH))) for cell in row.seen] for row in rows]
    merged = any(row.spans for row in rows)
    return texts, 0 if not merged and (_repeats(rows[0]) or _names_columns(texts)) else None


def _repeats(row: _Row) -> bool:
    """Whether Word repeats the row on every page."""
    properties = row.element.trPr
    mark = None if properties is None else properties.find(qn("w:tblHeader"))
    return mark is not None and mark.get(qn("w:val"), "1") in ("1", "true", "on")


def _names_columns(rows: list[list[str]]) -> bool:
    """Few authors mark a header: words above a column of figures are taken for one, but not in two columns.

    Those may be a list of properties, with a name and a value in each row.
    """
    first, below = rows[0], rows[1:]
    named = len(first) > 2 and all(cell.strip() and not any(map(str.isdigit, cell)) for cell in first)
    return named and any(all(any(map(str.isdigit, cell)) for cell in column) for column in zip(*below, strict=False))
