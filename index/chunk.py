"""Packs sentences into passages of a token budget. Pure: the same text, tokenizer and settings give the same chunks."""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from index.sentences import sentence_spans
from index.settings import ChunkSettings
from index.types import Chunk, Document, Heading

__all__ = ["chunk_document", "embedding_text", "sentence_spans"]

TokenSpans = Callable[[str], list[tuple[int, int]]]

TRAIL_SEPARATOR = " > "
# What the title and headings may take of the embedded text: code points, those beyond ASCII counted twice, since a
# tokenizer made for English spends about one token on each of those and one on four of the others.
_PREFIX_WIDTH = 96
_TITLE_WIDTH = 64
# A tokenizer may have one "unknown" token for a word of any length. It counts once for so many code points, so that no
# chunk is endless.
_CHARACTERS_A_TOKEN = 16
# Shares of the budget: below TINY a section may join its neighbour, LAST is the least that a last chunk should hold,
# PARAGRAPH is how full a chunk must be to end at a paragraph's end, OVERLAP is the most that may be repeated.
_TINY = 1 / 5
_LAST = 1 / 4
_PARAGRAPH = 3 / 5
_OVERLAP = 1 / 3
_ZERO_WIDTH_JOINER = "\u200d"
_CLAUSE_END = re.compile(r"(?:[,;:)\]”»–—]\s|[，；：、。！？।؛،])")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a piece of one that alone is over the budget; `cost` in tokens."""

    start: int
    end: int
    cost: int
    begins_paragraph: bool


@dataclass(frozen=True, slots=True)
class _Section:
    """Text under one trail of headings, its headings included."""

    start: int
    end: int
    trail: tuple[str, ...]


def chunk_document(document: Document, token_spans: TokenSpans, settings: ChunkSettings) -> list[Chunk]:
    """The chunks of a document, in order, with ids 0.

    Each is `document.text[start:end]`, and together they cover every character that is not blank. `embedding_text` of
    each takes at most `settings.max_tokens` tokens, as long as title and headings take no more than half of them. A
    chunk begins with up to `settings.overlap_sentences` sentences of the one before it under the same heading.
    `token_spans` gives the code point range of every token of a text, special tokens left out.
    """
    text = document.text
    chunks = []
    for section in _join_tiny(_sections(document), document, token_spans, settings):
        heading = TRAIL_SEPARATOR.join(section.trail)
        prefix = len(token_spans(_prefix(document.title, heading)))
        budget = max(settings.max_tokens - prefix, settings.max_tokens // 2)
        for start, end, n_tokens in _passages(text, section, token_spans, budget, settings.overlap_sentences):
            chunks.append(Chunk(0, document.id, start, end, text[start:end], n_tokens, heading))
    return chunks


def embedding_text(title: str, chunk: Chunk) -> str:
    """What is embedded for a chunk: the title and the headings above it, cut to a bounded length, then its text.

    What the chunk's text begins with is not said twice.
    """
    prefix = _prefix(title, chunk.heading, chunk.text)
    return f"{prefix}\n{chunk.text}" if prefix else chunk.text


def _prefix(title: str, heading: str, text: str = "") -> str:
    trail = [part for part in heading.split(TRAIL_SEPARATOR) if part and part != title and not text.startswith(part)]
    said = [] if text.startswith(title.rstrip("…")) else [_cut_to_width(title, _TITLE_WIDTH)]
    room = _PREFIX_WIDTH - sum(map(_width, said))
    kept: list[str] = []
    # The innermost heading says most about the text.
    for part in reversed(trail):
        if fitting := _cut_to_width(part, room):
            kept.insert(0, fitting)
            room -= _width(fitting)
    return TRAIL_SEPARATOR.join([*said, *kept])


def _width(text: str) -> int:
    return sum(1 if c.isascii() else 2 for c in text)


def _cut_to_width(text: str, width: int) -> str:
    """The longest beginning of whole words within the width; of a single longer word, its beginning."""
    fitting = sum(1 for total in accumulate(1 if c.isascii() else 2 for c in text) if total <= width)
    if fitting == len(text):
        return text
    return text[: max(text.rfind(" ", 0, fitting + 1), 0) or fitting].rstrip()


def _sections(document: Document) -> list[_Section]:
    text = document.text
    sections: list[_Section] = []
    trail: list[Heading] = []
    start = 0
    headings = sorted(document.headings, key=lambda heading: heading.start)
    for i, heading in enumerate(headings):
        # A heading right below another begins no section of its own: both travel with the text that follows.
        if text[headings[i - 1].end if i else 0 : heading.start].strip():
            sections.append(_Section(start, heading.start, _names(text, trail)))
            start = heading.start
        while trail and trail[-1].level >= heading.level:
            trail.pop()
        trail.append(heading)
    sections.append(_Section(start, len(text), _names(text, trail)))
    return [section for section in sections if text[section.start : section.end].strip()]


def _names(text: str, trail: list[Heading]) -> tuple[str, ...]:
    # A page often repeats its title as its first heading.
    return tuple(dict.fromkeys(" ".join(text[heading.start : heading.end].split()) for heading in trail))


def _join_tiny(
    sections: list[_Section], document: Document, token_spans: TokenSpans, settings: ChunkSettings
) -> Iterator[_Section]:
    """Join a tiny section to a tiny one before it. The joined section keeps the headings that both have above them."""
    tiny = settings.max_tokens * _TINY

    def cost(section: _Section) -> int:
        # Beyond this length no section is tiny, and tokenizing a long one to know that would be waste.
        beyond = section.end - section.start > tiny * _CHARACTERS_A_TOKEN
        return settings.max_tokens if beyond else len(token_spans(document.text[section.start : section.end]))

    held: _Section | None = None
    held_cost = 0
    for section in sections:
        section_cost = cost(section)
        if held is None:
            held, held_cost = section, section_cost
        elif held_cost <= tiny and section_cost <= tiny:
            held = _Section(held.start, section.end, _common(held.trail, section.trail))
            held_cost += section_cost
        else:
            yield held
            held, held_cost = section, section_cost
    if held is not None:
        yield held


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:shared]


def _passages(
    text: str, section: _Section, token_spans: TokenSpans, budget: int, overlap: int
) -> list[tuple[int, int, int]]:
    """(start, end, tokens) of each passage of a section."""
    units = list(_units(text, section, token_spans, budget))
    aim = budget
    while True:
        passages = [
            (units[first].start, units[last].end, len(token_spans(text[units[first].start : units[last].end])))
            for first, last in _pack(units, aim, overlap)
        ]
        # Tokens of sentences add up to those of their passage in a WordPiece vocabulary, but not in every other.
        excess = max((n_tokens for _, _, n_tokens in passages), default=0) - budget
        if excess <= 0 or aim == 1:
            return passages
        aim = max(1, aim - excess)


def _units(text: str, section: _Section, token_spans: TokenSpans, budget: int) -> Iterator[_Unit]:
    previous_end = section.start
    for sentence_start, sentence_end in sentence_spans(text[section.start : section.end]):
        start, end = section.start + sentence_start, section.start + sentence_end
        begins_paragraph = "\n" in text[previous_end:start]
        for piece_start, piece_end, cost in _pieces(text, start, end, token_spans, budget):
            yield _Unit(piece_start, piece_end, cost, begins_paragraph and piece_start == start)
        previous_end = end


def _pieces(text: str, start: int, end: int, token_spans: TokenSpans, budget: int) -> Iterator[tuple[int, int, int]]:
    """(start, end, cost) of the range if it is within the budget, else of the pieces that it is cut into."""
    bounds = [
        start + at
        for token_start, token_end in token_spans(text[start:end])
        for at in range(token_start, max(token_end, token_start + 1), _CHARACTERS_A_TOKEN)
    ]
    if len(bounds) <= budget or end - start == 1:
        yield start, end, len(bounds)
        return
    while start < end:
        first = bisect.bisect_left(bounds, start)
        cut = _cut(text, start, bounds[first + budget]) if first + budget < len(bounds) else end
        piece = text[start:cut]
        if piece.strip():
            piece_start = cut - len(piece.lstrip())
            piece_end = start + len(piece.rstrip())
            # A piece has other tokens than it had within its word.
            yield from _pieces(text, piece_start, piece_end, token_spans, budget)
        start = cut


def _cut(text: str, start: int, limit: int) -> int:
    """Where to cut at or before `limit`: after a clause, else after a word, else between two visible characters."""
    limit = max(limit, start + 1)
    earliest = start + 2 * (limit - start) // 3
    clauses = [match.end() for match in _CLAUSE_END.finditer(text, earliest, limit)]
    if clauses:
        return clauses[-1]
    word = max(text.rfind(blank, earliest, limit) for blank in " \n\t") + 1
    if word > start:
        return word
    for cut in range(limit, earliest, -1):
        if not _joins(text[cut]) and text[cut - 1] != _ZERO_WIDTH_JOINER:
            return cut
    return limit


def _joins(character: str) -> bool:
    """Whether the character is drawn as part of the one before it: accents, vowel signs, emoji modifiers."""
    is_modifier = "\U0001f3fb" <= character <= "\U0001f3ff" or character == _ZERO_WIDTH_JOINER
    return is_modifier or unicodedata.category(character).startswith("M")


def _pack(units: list[_Unit], budget: int, overlap: int) -> list[tuple[int, int]]:
    """The first and last unit of each passage."""
    costs = [0, *accumulate(unit.cost for unit in units)]

    def cost(first: int, last: int) -> int:
        return costs[last + 1] - costs[first]

    fresh = _fresh_starts(units, budget, cost, overlap)
    return [
        (_overlapping(start, last, budget, cost, overlap if start else 0), last)
        for start, last in zip(fresh, [*(start - 1 for start in fresh[1:]), len(units) - 1], strict=True)
    ]


def _fresh_starts(units: list[_Unit], budget: int, cost: Callable[[int, int], int], overlap: int) -> list[int]:
    """The first unit of each passage that no passage before it holds."""
    starts = [0]
    while True:
        fresh = starts[-1]
        begin = _overlapping(fresh, fresh, budget, cost, overlap if fresh else 0)
        last = fresh
        while last + 1 < len(units) and cost(begin, last + 1) <= budget:
            last += 1
        if last == len(units) - 1:
            break
        ends = (k for k in range(last, fresh, -1) if units[k].begins_paragraph)
        paragraph = next((k for k in ends if cost(begin, k - 1) >= budget * _PARAGRAPH), last + 1)
        starts.append(last + 1 if units[last + 1].begins_paragraph else paragraph)
    if len(starts) > 1 and cost(starts[-1], len(units) - 1) < budget * _LAST:
        _even_out_last(starts, len(units) - 1, cost)
    return starts


def _even_out_last(starts: list[int], last: int, cost: Callable[[int, int], int]) -> None:
    """Move the beginning of a small last passage back until it holds as much as the one before."""
    before, start = starts[-2:]
    while start - 1 > before and cost(start - 1, last) <= cost(before, start - 2):
        start -= 1
    starts[-1] = start


def _overlapping(fresh: int, last: int, budget: int, cost: Callable[[int, int], int], overlap: int) -> int:
    """The first unit of a passage whose own part is [fresh, last]: up to `overlap` units earlier, if they fit."""
    begin = fresh
    while fresh - begin < overlap and begin > 0:
        if cost(begin - 1, fresh - 1) > budget * _OVERLAP or cost(begin - 1, last) > budget:
            break
        begin -= 1
    return begin
