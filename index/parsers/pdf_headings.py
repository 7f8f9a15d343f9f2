"""The headings of a PDF: short lines set larger than the text, or bold and on a line of their own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from index.parsers.pdf_lines import Line

# Larger than the text: typesetters go up in steps of a fifth; a tenth is also what a font for program code takes.
_LARGER = 1.15
_SAME_SIZE = 0.03
_MAX_LINES = 3
_MAX_CHARACTERS = 160
_MAX_WORDS = 20
_MAX_LEVEL = 6
# Distances between baselines, in type sizes: within one heading, and from a heading to its text.
_TIGHT = 1.6
_NEAR = 4.0
_NOT_AT_END = re.compile(r"[.,;:!…=|。！，；：、]['\"”’»)\]]*$")
_SENTENCE_END = re.compile(r"[.!?:…。！？।؟]['\"”’»)\]]*$")
_BULLET = re.compile(r"[-*•·‣▪◦–—]\s")
_NUMBER = re.compile(r"\(?[\dA-Za-z]{1,3}(?:\.\d{1,3})*[.)]?$")


@dataclass(frozen=True, slots=True)
class HeadingLines:
    """Lines [first, end) of a page are one heading."""

    first: int
    end: int
    size: float


def find_headings(
    pages: Sequence[Sequence[Line]], repeated: Set[tuple[int, int]]
) -> tuple[list[list[HeadingLines]], dict[float, int]]:
    """The headings of each page in order, and the level (1 is the highest) of each of their sizes.

    Only what is certain: where the style of a line is not known, or all text looks alike, there is no heading.
    `repeated` are (page, line) that no heading is, such as running headers.
    """
    characters: Counter[float] = Counter()
    bold_characters: Counter[float] = Counter()
    for line in (line for page in pages for line in page if line.size):
        characters[line.size] += len(line.text)
        bold_characters[line.size] += len(line.text) * line.bold
    if not characters:
        return [[] for _ in pages], {}
    body = characters.most_common(1)[0][0]
    finder = _Finder(body, bold_matters=bold_characters[body] < characters[body] / 2)
    found = [
        [heading for heading in finder.headings(page) if (number, heading.first) not in repeated]
        for number, page in enumerate(pages)
    ]
    return found, _levels({heading.size for page in found for heading in page})


def _levels(sizes: Set[float]) -> dict[float, int]:
    levels: dict[float, int] = {}
    level, largest = 0, float("inf")
    for size in sorted(sizes, reverse=True):
        if size < largest * (1 - _SAME_SIZE):
            level, largest = min(level + 1, _MAX_LEVEL), size
        levels[size] = level
    return levels


class _Finder:
    def __init__(self, body: float, bold_matters: bool) -> None:
        self._body = body
        self._bold_matters = bold_matters

    def headings(self, page: Sequence[Line]) -> Iterator[HeadingLines]:
        first = 0
        while first < len(page):
            end = first + 1
            if self._stands_out(page[first]):
                while end < len(page) and _continues(page[end - 1], page[end]):
                    end += 1
                if self._is_heading(page, first, end):
                    yield HeadingLines(first, end, page[first].size)
            first = end

    def _is_larger(self, line: Line) -> bool:
        return line.size >= _LARGER * self._body

    def _stands_out(self, line: Line) -> bool:
        return self._is_larger(line) or (self._bold_matters and line.bold and line.size > (1 - _SAME_SIZE) * self._body)

    def _is_heading(self, page: Sequence[Line], first: int, end: int) -> bool:
        lines = page[first:end]
        text = " ".join(line.text for line in lines)
        before = page[first - 1] if first else Line("")
        after = page[end] if end < len(page) else Line("")
        return (
            len(lines) <= _MAX_LINES
            and all(line.uniform and not _is_row(line) for line in lines)
            and len(text) <= _MAX_CHARACTERS
            and len(text.split()) <= _MAX_WORDS
            and sum(c.isalpha() for c in text) > 1
            and not _NOT_AT_END.search(text)
            and not _BULLET.match(text)
            and not (before.size and _beside(before, lines[0]))
            and not (after.size and _beside(lines[-1], after))
            and (self._is_larger(lines[0]) or self._stands_alone(before, lines, after, text))
        )

    def _stands_alone(self, before: Line, lines: Sequence[Line], after: Line, text: str) -> bool:
        """Whether bold lines of the size of the text are a heading: words within a paragraph are bold at times."""
        last = lines[-1]
        below = last.baseline - after.baseline
        above = before.baseline - lines[0].baseline
        return (
            after.size > 0
            and 0 < below <= _NEAR * last.size
            and after.left < last.cells[-1].right
            and not after.text[:1].islower()
            and not next((c for c in text if c.isalnum()), "").islower()
            and (
                not before.size
                or bool(_SENTENCE_END.search(before.text))
                or self._stands_out(before)
                or not 0 < above <= max(_TIGHT * last.size, 1.1 * below)
            )
        )


def _continues(line: Line, following: Line) -> bool:
    return (
        abs(following.size - line.size) <= _SAME_SIZE * line.size
        and following.bold == line.bold
        and 0 < line.baseline - following.baseline <= _TIGHT * line.size
    )


def _beside(line: Line, other: Line) -> bool:
    return abs(line.baseline - other.baseline) < 0.3 * line.size


def _is_row(line: Line) -> bool:
    """Parted by wide gaps; the one after a heading's number is none."""
    return len(line.cells) > (2 if _NUMBER.match(line.cells[0].text) else 1) if line.cells else False
