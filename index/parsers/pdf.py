"""PDF: page by page, lines joined into paragraphs, words put together that a line end had divided."""

from __future__ import annotations

import re

import pypdfium2 as pdfium
from pypdfium2.raw import FPDF_ERR_PASSWORD

from index.errors import LoadError
from index.normal import normalise, on_one_line
from index.parsers.parsed import Parsed, Source, TextBuilder

# What PDFium puts where a hyphen divides a word at a line's end.
_PDFIUM_HYPHEN = re.compile(r"\ufffe\s*([^\W\d_])?")
_SENTENCE_END = re.compile(r"[.!?:…。！？।؟]['\"”’»)\]]*$")
_LIST_ITEM = re.compile(r"[-*•·‣▪◦–—]\s|\(?(?:\d{1,3}|[a-zA-Z])[.)]\s")
_DIVIDED = re.compile(r"[^\W\d_]-$")
# A line so much shorter than the widest of its page ends a paragraph.
_SHORT_LINE = 0.7
# Running headers and footers stand on so many pages, at least and in share, as the first or last line.
_REPEATS = 3
_REPEAT_SHARE = 0.6
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
        pages = [_lines(document, number) for number in range(len(document))]
        title = on_one_line(document.get_metadata_value("Title"))
    except pdfium.PdfiumError as error:
        raise LoadError(f"Damaged: {error}. Open it in a PDF viewer and save it again.") from error
    finally:
        document.close()
    if not any(pages):
        raise LoadError("Has no text, only pictures, such as a scan. Run text recognition (OCR) over it first.")
    running = _running_lines(pages)
    builder = TextBuilder()
    for lines in pages:
        builder.page()
        kept = [line for i, line in enumerate(lines) if i not in (0, len(lines) - 1) or _pattern(line) not in running]
        for paragraph in _paragraphs(kept):
            builder.add(paragraph)
    return [builder.build("" if _TITLES_OF_PROGRAMS.match(title) else title)]


def _lines(document: pdfium.PdfDocument, number: int) -> list[str]:
    """The lines of a page; "" where a blank line parts them. The page is closed again: memory holds one at a time."""
    page = document[number]
    try:
        text_page = page.get_textpage()
        try:
            text = text_page.get_text_range()
        finally:
            text_page.close()
    finally:
        page.close()
    text = _PDFIUM_HYPHEN.sub(_join_divided, text)
    lines = [on_one_line(line) for line in normalise(text).split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _join_divided(match: re.Match[str]) -> str:
    """Without its hyphen, unless what follows is no small letter, as in Franco-Prussian."""
    following = match.group(1) or ""
    return following if following.islower() else "-" + following


def _running_lines(pages: list[list[str]]) -> set[str]:
    """First and last lines that, page numbers apart, are the same on most pages."""
    counts: dict[str, int] = {}
    for lines in filter(None, pages):
        for pattern in {_pattern(lines[0]), _pattern(lines[-1])}:
            counts[pattern] = counts.get(pattern, 0) + 1
    least = max(_REPEATS, _REPEAT_SHARE * len(pages))
    return {pattern for pattern, count in counts.items() if count >= least}


def _pattern(line: str) -> str:
    return re.sub(r"\d+", "0", line)


def _paragraphs(lines: list[str]) -> list[str]:
    width = max(map(len, lines), default=0)
    paragraphs: list[str] = []
    previous = ""
    for line in lines:
        if not line:
            previous = ""
            continue
        ended = len(previous) < _SHORT_LINE * width and (_SENTENCE_END.search(previous) or not line[0].islower())
        if not previous or ended or _LIST_ITEM.match(line):
            paragraphs.append(line)
        elif _DIVIDED.search(previous) and line[0].islower():
            paragraphs[-1] = paragraphs[-1][:-1] + line
        else:
            paragraphs[-1] += " " + line
        previous = line
    return paragraphs
