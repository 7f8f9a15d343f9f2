"""The lines of a PDF page as PDFium reads them, each with its type size, weight, place and wide gaps."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

import pypdfium2 as pdfium
from pypdfium2 import raw

from index.normal import normalise, on_one_line

# What PDFium puts, in place of the line's end too, where a hyphen stands at it.
HYPHEN = "\ufffe"
# Names of fonts whose vendors did not set the weight: "Helvetica-Bold", TeX's "CMBX10", URW's "NimbusRomNo9L-Medi".
_BOLD = re.compile(r"bold|black|heavy|demi|(?:CM|SF|EC|LM)BX?\d|Medi(?:Ital)?$", re.IGNORECASE)
_FORCE_BOLD = 1 << 18  # PDF 32000-1:2008, table 123
_WORD = re.compile(r"\S+")
# The style of longer lines is taken from one word: no heading is as long.
_MAX_WORDS = 14
_SAME_SIZE = 0.05
# A gap is wide from so many times the type size; word spaces of justified lines seldom are.
_WIDE_GAP = 1.0
_MAX_FONT_NAME = 128


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of a line between wide gaps; `left` and `right` in points from the page's left edge."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page; "" where a blank line parts two.

    `size` is that of most of its words, in points on the page, 0.0 when unknown; `uniform` says that all of its words
    have about this size; `bold` that all are bold. Both are taken from one word of a long line. `left` and `baseline`
    are in points from the page's left and lower edges. `cells` are its parts when it has wide gaps, else one, and none
    of a long line.
    """

    text: str
    size: float = 0.0
    uniform: bool = False
    bold: bool = False
    left: float = 0.0
    baseline: float = 0.0
    cells: tuple[Cell, ...] = ()


def read_lines(document: pdfium.PdfDocument, number: int) -> list[Line]:
    """The lines of a page, none blank at either end. The page is closed again: memory holds one at a time.

    Raises:
        pypdfium2.PdfiumError: the page is damaged.
    """
    page = document[number]
    try:
        text_page = page.get_textpage()
        try:
            lines = _Reader(text_page).lines()
        finally:
            text_page.close()
    finally:
        page.close()
    while lines and not lines[0].text:
        lines.pop(0)
    while lines and not lines[-1].text:
        lines.pop()
    return lines


class _Reader:
    """Reads one text page. The structures that PDFium fills are made once: there are a million calls in a book."""

    def __init__(self, text_page: pdfium.PdfTextPage) -> None:
        self._text_page = text_page
        self._matrix = raw.FS_MATRIX()
        self._rectangle = raw.FS_RECTF()
        self._name = ctypes.create_string_buffer(_MAX_FONT_NAME)
        self._flags = ctypes.c_int()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._same_places = True

    def lines(self) -> list[Line]:
        text = self._text_page.get_text_range()
        # Characters that PDFium drops or doubles part the places in the text from those in the page.
        self._same_places = len(text) == self._text_page.count_chars()
        lines = []
        start = 0
        for piece in re.split(rf"(?<={HYPHEN})|(?<=\n)", text):
            lines += self._read(piece, start)
            start += len(piece)
        return lines

    def _read(self, piece: str, start: int) -> list[Line]:
        # A line break may hide among the characters that count as one.
        plain = [on_one_line(line) for line in normalise(piece.rstrip("\r\n")).split("\n")]
        words = [(start + word.start(), start + word.end()) for word in _WORD.finditer(piece)]
        if not words or len(plain) > 1:
            return [Line(line) for line in plain]
        short = len(words) <= _MAX_WORDS
        # A line that is not found again on the page has no style.
        if not all(self._is_at(first, piece[first - start]) for first, _ in (words[0], words[-1])):
            return [Line(plain[0])]
        ends = (words[0], words[len(words) // 2], words[-1]) if short else (words[len(words) // 2],)
        styles = self._styles(piece, start, ends)
        if not styles:
            return [Line(plain[0])]
        size = median_low(size for size, _ in styles)
        bold = all(bold for _, bold in styles)
        return [
            Line(
                plain[0],
                size,
                short and all(abs(other - size) <= _SAME_SIZE * size for other, _ in styles),
                bold and (not short or all(bold for _, bold in self._styles(piece, start, words))),
                *self._origin(words[0][0]),
                self._cells(piece, start, words, size) if short else (),
            )
        ]

    def _styles(self, piece: str, start: int, words: Sequence[tuple[int, int]]) -> list[tuple[float, bool]]:
        """Of the first letter or digit of each word."""
        return [
            self._style(first + offset)
            for first, end in words
            if (offset := next((i for i, c in enumerate(piece[first - start : end - start]) if c.isalnum()), -1)) >= 0
        ]

    def _char(self, index: int) -> int:
        return index if self._same_places else int(raw.FPDFText_GetCharIndexFromTextIndex(self._text_page, index))

    def _is_at(self, index: int, character: str) -> bool:
        return bool(raw.FPDFText_GetUnicode(self._text_page, self._char(index)) == ord(character))

    def _style(self, index: int) -> tuple[float, bool]:
        """Size on the page and boldness: programs that scale the text instead of setting its size are common."""
        char = self._char(index)
        size = raw.FPDFText_GetFontSize(self._text_page, char)
        if raw.FPDFText_GetMatrix(self._text_page, char, self._matrix):
            size *= math.hypot(self._matrix.c, self._matrix.d)
        length = raw.FPDFText_GetFontInfo(self._text_page, char, self._name, _MAX_FONT_NAME, self._flags)
        name = self._name.value.decode("utf-8", "replace") if 0 < length <= _MAX_FONT_NAME else ""
        return round(size, 1), bool(_BOLD.search(name)) or bool(self._flags.value & _FORCE_BOLD)

    def _origin(self, index: int) -> tuple[float, float]:
        raw.FPDFText_GetCharOrigin(self._text_page, self._char(index), self._x, self._y)
        return self._x.value, self._y.value

    def _edges(self, index: int) -> tuple[float, float]:
        raw.FPDFText_GetLooseCharBox(self._text_page, self._char(index), self._rectangle)
        return self._rectangle.left, self._rectangle.right

    def _cells(self, piece: str, start: int, words: list[tuple[int, int]], size: float) -> tuple[Cell, ...]:
        cells: list[Cell] = []
        first = words[0][0]
        left, right = self._edges(first)[0], 0.0
        for number, (begin, end) in enumerate(words):
            if number:
                word_left = self._edges(begin)[0]
                if word_left - right >= _WIDE_GAP * size:
                    cells.append(Cell(on_one_line(piece[first - start : words[number - 1][1] - start]), left, right))
                    first, left = begin, word_left
            right = self._edges(end - 1)[1]
        cells.append(Cell(on_one_line(piece[first - start :]), left, right))
        return tuple(cells)
