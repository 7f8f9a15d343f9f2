"""Plain text, kept as it is; its headings are the short lines that stand alone above a paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.normal import normalise
from index.parsers.encoding import decode
from index.parsers.parsed import Parsed, Source
from index.types import Heading

_MAX_CHARACTERS = 80
_MAX_WORDS = 12
# A Chinese or Japanese heading has no spaces to count words by.
_MAX_UNSPACED = 25
_PARAGRAPH_CHARACTERS = 60
_CLOSING = r"['\"”’»)\]]*$"
_SENTENCE_END = re.compile(r"[.!?…。！？।؟]" + _CLOSING)
_NOT_AT_END = re.compile(r"[.!,;:…。！，；：、।|=_*>–—-]" + _CLOSING)
_NOT_AT_START = re.compile(r"[\"“‘'«»•·‣*–—>|#@/\\(\[{<=~+&-]")
_NUMBERING = re.compile(r"(\d+(?:\.\d+)*)[.)]?\s")
# A question is a heading unless somebody seems to speak it.
_SPOKEN = re.compile(r"[,:]\s|[.!?]['\"”’)]?\s+[^\W\d_a-z]\w*\s\w|[。！？।؟].*\w")
_LABEL = re.compile(r":\s")


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str
    after_blank: bool


def parse(source: Source) -> list[Parsed]:
    """One document; its title is the heading that it begins with, if it does."""
    text = normalise(decode(source.data)).strip()
    headings = tuple(_headings(text))
    title = text[: headings[0].end] if headings and headings[0].start == 0 else ""
    return [Parsed(text, title, headings=headings)]


def _headings(text: str) -> Iterator[Heading]:
    lines = list(_lines(text))
    for i, line in enumerate(lines[:-1]):
        following = lines[i + 1]
        isolated = line.after_blank and following.after_blank
        after_paragraph = i == 0 or line.after_blank or _SENTENCE_END.search(lines[i - 1].text) is not None
        if not after_paragraph or not _looks_like_heading(line.text, isolated):
            continue
        if _is_paragraph(following.text) or (isolated and _looks_like_heading(following.text, isolated)):
            yield Heading(line.start, line.start + len(line.text), _level(line.text, first=i == 0))


def _lines(text: str) -> Iterator[_Line]:
    start, after_blank = 0, True
    for raw in text.split("\n"):
        line = raw.strip()
        if line:
            yield _Line(start + raw.index(line), line, after_blank)
        after_blank = not line
        start += len(raw) + 1


def _looks_like_heading(line: str, isolated: bool) -> bool:
    """A short line that begins like a title and does not end like a sentence, a label, or a row of a table or list."""
    words = line.split()
    first = next((c for c in line if c.isalnum()), "")
    return (
        len(line) <= (_MAX_CHARACTERS if len(words) > 1 or line.isascii() else _MAX_UNSPACED)
        and len(words) <= _MAX_WORDS
        and any(c.isalpha() for c in line)
        and not first.islower()
        and not _NOT_AT_START.match(line)
        and not _NOT_AT_END.search(line)
        and not (line[-1] in "?？؟" and _SPOKEN.search(line))
        and "\t" not in line
        and (isolated or not _LABEL.search(line))
    )


def _is_paragraph(line: str) -> bool:
    return len(line) >= _PARAGRAPH_CHARACTERS or (len(line) > 20 and _SENTENCE_END.search(line) is not None)


def _level(line: str, first: bool) -> int:
    if first:
        return 1
    numbering = _NUMBERING.match(line)
    return 2 + (numbering.group(1).count(".") if numbering else 0)
