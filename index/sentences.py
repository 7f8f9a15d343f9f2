"""Where sentences begin and end. sentencex splits; rules for lines, rows of tables and list numbers stand around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from sentencex import get_sentence_boundaries

from index.normal import is_row

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_LINE = re.compile(r"[^\n]+")
_BULLET = re.compile(r"\s*(?:[-*•·‣▪◦–—>#]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s")
# Lines that were wrapped are about as wide as a page of a typewriter or a mail.
_WRAP_WIDTHS = range(50, 121)
# sentencex takes the square of the time for a run of quotation marks; no sentence is longer.
_MOST_AT_ONCE = 10_000
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
# What sentencex 1.0 leaves together and takes apart wrongly.
_ALSO_ENDS = re.compile(r"(?:…|\betc\.)[\"”’)]?\s+(?=[\"“‘(]?[A-Z])")
_NEVER_ENDS = re.compile(r"(?:^|[\s(])(?:approx|incl|resp|ca|г|гг|ул|EE|z)\.\s*$")
_ENUMERATOR = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s*$")
_CLOSES_BEFORE = re.compile(r"(?:''|[”’»)\]])+(?=\s)")
# sentencex keeps a quotation or a parenthesis in one sentence; a longer one is split as if it had no such marks.
_LONG = 300
_QUOTES = re.compile(r"[\"“”«»‘’()]|``|''")
_OPENS = frozenset('"“«‘(`')


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The sentences of `text` as half-open code point ranges, in order, without the blanks around them.

    Together they hold every character that is not blank. None runs over a blank line or over the end of a line that was
    not merely wrapped; a row of a table is one sentence.
    """
    spans = []
    for start, end in _blocks(text):
        begin = start
        for cut in [*_cuts(text[start:end], start), end]:
            sentence = text[begin:cut]
            if sentence.strip():
                spans.append((cut - len(sentence.lstrip()), begin + len(sentence.rstrip())))
            begin = cut
    return spans


def sentence_range(text: str, start: int, end: int) -> tuple[int, int]:
    """The half-open range of the sentence or sentences of `text` around [start, end)."""
    touched = [(a, b) for a, b in sentence_spans(text) if a < end and start < b]
    return touched[0][0], touched[-1][1]


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Stretches that no sentence leaves: lines, joined where they were wrapped."""
    position = 0
    for blank in [*(match.span() for match in _BLANK_LINES.finditer(text)), (len(text), len(text))]:
        lines = [match.span() for match in _LINE.finditer(text, position, blank[0]) if match.group().strip()]
        position = blank[1]
        if not lines:
            continue
        width = max(end - start for start, end in lines)
        start = lines[0][0]
        for (line_start, line_end), (next_start, next_end) in pairwise(lines):
            if not _is_wrapped(text[line_start:line_end], text[next_start:next_end], width):
                yield start, line_end
                start = next_start
        yield start, lines[-1][1]


def _is_wrapped(line: str, following: str, width: int) -> bool:
    """Whether the line ends where it does only because the next word would have been too wide."""
    if width not in _WRAP_WIDTHS or is_row(line) or is_row(following) or _BULLET.match(following):
        return False
    return len(line.rstrip()) + 1 + len(following.split(maxsplit=1)[0]) > width


def _cuts(block: str, offset: int) -> list[int]:
    """Where a block is cut into sentences, counted from `offset`."""
    if is_row(block):
        return []
    language = "ru" if _CYRILLIC.search(block) else "en"
    cuts = set()
    for start in range(0, len(block), _MOST_AT_ONCE):
        part = block[start : start + _MOST_AT_ONCE]
        for boundary in get_sentence_boundaries(language, part):
            begin, end = boundary["start_index"], boundary["end_index"]
            cuts.add(start + begin)
            if end - begin > _LONG and (quotes := _QUOTES.search(part, begin, end)):
                unquoted = _QUOTES.sub(lambda match: " " * len(match.group()), part[begin:end])
                inner = (begin + b["start_index"] for b in get_sentence_boundaries(language, unquoted))
                cuts |= {start + _before_opening(part, cut) for cut in inner if cut >= quotes.start()}
    cuts |= {match.end() for match in _ALSO_ENDS.finditer(block)}
    kept = []
    begin = 0
    for cut in sorted(cuts - {0}):
        sentence = block[begin:cut]
        if (
            _NEVER_ENDS.search(sentence)
            or _ENUMERATOR.fullmatch(sentence.strip())
            or not any(map(str.isalnum, sentence))
        ):
            continue
        closing = _CLOSES_BEFORE.match(block, cut)
        begin = closing.end() if closing else cut
        kept.append(offset + begin)
    return kept


def _before_opening(text: str, cut: int) -> int:
    """The cut, or if only quotation marks and parentheses that open stand before it, the place before those."""
    before = cut
    while before and text[before - 1] in _OPENS:
        before -= 1
    return before if before == 0 or text[before - 1].isspace() else cut
