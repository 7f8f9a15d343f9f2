"""PDF: page by page, headings and rows of tables told apart, other lines joined into paragraphs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pypdfium2 as pdfium
from pypdfium2.raw import FPDF_ERR_PASSWORD

from index.errors import LoadError
from index.normal import on_one_line
from index.parsers.parsed import Parsed, Source, TextBuilder
from index.parsers.pdf_headings import find_headings
from index.parsers.pdf_lines import HYPHEN, Line, read_lines
from index.parsers.pdf_tables import table_rows
from index.parsers.pdf_words import DividedWords, is_divided

_SENTENCE_END = re.compile(r"[.!?:…。！？।؟]['\"”’»)\]]*$")
_LIST_ITEM = re.compile(r"[-*•·‣▪◦–—]\s|\(?(?:\d{1,3}|[a-zA-Z])[.)]\s")
# "2.1 The chair", a clause, unless it goes on from the line before: "the length is" "2.1 Metres".
_CLAUSE = re.compile(r"\d{1,2}(?:\.\d{1,2})+\.?\s")
# A line so much shorter than the widest of its page ends a paragraph.
_SHORT_LINE = 0.7
# So many times the usual distance of lines on its page parts paragraphs.
_PARAGRAPH_SPACE = 1.5
# Running headers and footers stand on so many pages, at least and in share, as the first or last line.
_REPEATS = 3
_REPEAT_SHARE = 0.6
# No part of a decimal number, a time or a date: "Page 3 of 12" and "3/12", but not "13.50" or "12/03/2024".
_PAGE_NUMBER = re.compile(r"(?<!\d)(?<!\d[.,:/-])\d{1,6}(?!\d|[.,:-]\d|/\d+/)")
# Page numbers that stand beside words are so far at most ahead of the pages of the file.
_MAX_AHEAD = 20
_TITLES_OF_PROGRAMS = re.compile(
    r"untitled|microsoft word|.*\.(?:docx?|pdf|tex|dvi|indd|pptx?|odt)$|\W*$", re.IGNORECASE
)


def parse(source: Source) -> list[Parsed]:
    """One document with its page starts, titled by its metadata if that says something.

    Raises:
        LoadError: encrypted, damaged, or a scan without text.
    """
    try:
        document = pdfium.PdfDocument(source.data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == FPDF_ERR_PASSWORD:
            raise LoadError("Encrypted with a password. Save a copy without one.") from error
        raise LoadError("Damaged, or not a PDF. Open it in a PDF viewer and save it again.") from error
    try:
        pages = [read_lines(document, number) for number in range(len(document))]
        title = on_one_line(document.get_metadata_value("Title"))
    except pdfium.PdfiumError as error:
        raise LoadError(f"Damaged: {error}. Open it in a PDF viewer and save it again.") from error
    finally:
        document.close()
    if not any(pages):
        raise LoadError("Has no text, only pictures, such as a scan. Run text recognition (OCR) over it first.")
    pages, repeated = _without_running_lines(pages)
    headings, levels = find_headings(pages, repeated)
    divided = DividedWords([line.text for line in page] for page in pages)
    builder = TextBuilder()
    for page, found in zip(pages, headings, strict=True):
        builder.page()
        rows = table_rows(page)
        start = 0
        for heading in found:
            _add_text(builder, page, rows, range(start, heading.first), divided)
            lines = [line.text for line in page[heading.first : heading.end]]
            builder.add(_joined(lines, divided), heading=levels[heading.size])
            start = heading.end
        _add_text(builder, page, rows, range(start, len(page)), divided)
    return [builder.build("" if _TITLES_OF_PROGRAMS.match(title) else title)]


def _without_running_lines(pages: list[list[Line]]) -> tuple[list[list[Line]], set[tuple[int, int]]]:
    """Pages without the first and last lines that, page numbers apart, are the same on most of them.

    Also returns the (page, line) of those that are the same on some.
    """
    counts: Counter[_Pattern] = Counter()
    for number, lines in enumerate(pages):
        if lines:
            counts.update({*_patterns(lines[0], number), *_patterns(lines[-1], number)})
    least = max(_REPEATS, _REPEAT_SHARE * len(pages))
    kept_pages: list[list[Line]] = []
    repeated: set[tuple[int, int]] = set()
    for number, lines in enumerate(pages):
        kept: list[Line] = []
        for place, line in enumerate(lines):
            outer = place in (0, len(lines) - 1)
            count = max(counts[pattern] for pattern in _patterns(line, number)) if outer else 0
            if count >= least:
                continue
            if count >= _REPEATS:
                repeated.add((number, len(kept)))
            kept.append(line)
        kept_pages.append(kept)
    return kept_pages, repeated


# What stands before and after a number, and by how much that is ahead of the page; a line as it is has no number.
_Pattern = tuple[str, str, int | None]


def _patterns(line: Line, page: int) -> list[_Pattern]:
    """What a running line may have in common with those of other pages: all of it, or all but its page number.

    A page number goes up by one with the page. So do the numbers of invoices, one a page, but few of them are as low.
    """
    patterns: list[_Pattern] = [(line.text, "", None)]
    for number in _PAGE_NUMBER.finditer(line.text):
        before, after = line.text[: number.start()], line.text[number.end() :]
        ahead = int(number.group()) - page
        if ahead <= _MAX_AHEAD or not any(map(str.isalnum, before + after)):
            patterns.append((before, after, ahead))
    return patterns


def _add_text(
    builder: TextBuilder, page: Sequence[Line], rows: Mapping[int, str], places: range, divided: DividedWords
) -> None:
    """Write lines of a page: rows as they are, the others between them as paragraphs."""
    lines: list[Line] = []
    for place in places:
        if place not in rows:
            lines.append(page[place])
            continue
        _add_paragraphs(builder, lines, page, divided)
        lines.clear()
        builder.add(rows[place], "\n" if place > places.start and place - 1 in rows else "\n\n")
    _add_paragraphs(builder, lines, page, divided)


def _add_paragraphs(builder: TextBuilder, lines: Sequence[Line], page: Sequence[Line], divided: DividedWords) -> None:
    width = max((len(line.text) for line in page), default=0)
    spaces = Counter(round(above.baseline - line.baseline) for above, line in pairwise(page) if _is_below(above, line))
    wide = _PARAGRAPH_SPACE * spaces.most_common(1)[0][0] if spaces else float("inf")
    paragraph: list[str] = []
    previous = Line("")
    for line in lines:
        at_end = _SENTENCE_END.search(previous.text) is not None
        parted = len(previous.text) < _SHORT_LINE * width or (
            _is_below(previous, line) and previous.baseline - line.baseline > wide
        )
        if (
            not line.text
            or _LIST_ITEM.match(line.text)
            or (at_end and _CLAUSE.match(line.text))
            or (parted and (at_end or not line.text[0].islower()) and not is_divided(previous.text))
        ):
            builder.add(_joined(paragraph, divided))
            paragraph.clear()
        if line.text:
            paragraph.append(line.text)
        previous = line
    builder.add(_joined(paragraph, divided))


def _is_below(line: Line, following: Line) -> bool:
    return line.size > 0 and following.size > 0 and line.baseline - following.baseline > line.size / 2


def _joined(lines: Sequence[str], divided: DividedWords) -> str:
    parts: list[str] = []
    for line in lines:
        if parts and is_divided(parts[-1]):
            # The last line that it has, so that joining a long paragraph stays linear.
            parts[-1] = divided.join(parts[-1], line)
        else:
            parts.append(line)
    return " ".join(parts).replace(HYPHEN, "-")
