"""What is shown of answers and documents, cut into pieces that each look the same throughout. It makes no markup."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain as concatenated
from itertools import dropwhile, islice, pairwise, zip_longest
from typing import TYPE_CHECKING

from index.chunk import TRAIL_SEPARATOR
from index.normal import on_one_line
from index.types import Document
from qa.extract import CONFLICT_NOTE
from qa.types import Answer, Citation, Hit

if TYPE_CHECKING:
    from qa.chain import AnswerChain

MAX_EXAMPLES = 4
CUT_REACH = 500

_MARKER = re.compile(r"\[(\d+)\]")
# Two to four capitalised words that do not begin a sentence.
_NAME = re.compile(r"(?<=[a-zß-ÿα-ωа-я,] )[A-ZÀ-ÞΑ-ΩА-Я]\w[\w’'-]*(?: [A-ZÀ-ÞΑ-ΩА-Я]\w[\w’'-]*){1,3}")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an answer's text: plain or strong words, or the marker of a citation."""

    text: str
    strong: bool = False
    citation: Citation | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a document's text that looks the same throughout; `page` is the number of the page it begins."""

    text: str
    quote: bool = False
    strong: bool = False
    heading: int = 0
    page: int = 0


def answer_parts(answer: Answer) -> list[Part]:
    """The answer's text cut into plain words, the spans that answer, and markers.

    Quotes are told from markers first: a document may well hold a "[1]" of its own.
    """
    return _parts(answer.text, answer.citations)


def contradicting_claims(answer: Answer) -> list[list[Part]]:
    """What sources that contradict each other say, one claim each, cut as by `answer_parts`; empty when they agree."""
    # A quote is on one line: the first line can be no document's.
    note, *claims = answer.text.split("\n")
    return [_parts(claim, answer.citations) for claim in claims] if note == CONFLICT_NOTE else []


def _parts(text: str, citations: tuple[Citation, ...]) -> list[Part]:
    quoted = {on_one_line(c.quote): c for c in reversed(citations)}
    numbered = {str(c.n): c for c in citations}
    alternatives = [re.escape(quote) for quote in sorted(quoted, key=len, reverse=True)]
    parts: list[Part] = []
    for piece in re.split("(" + "|".join([*alternatives, _MARKER.pattern.replace("(", "(?:")]) + ")", text):
        marker = _MARKER.fullmatch(piece)
        if piece in quoted:
            parts += _quote_parts(quoted[piece])
        elif marker and marker[1] in numbered:
            parts.append(Part(piece, citation=numbered[marker[1]]))
        elif piece:
            parts.append(Part(piece))
    return parts


def _quote_parts(citation: Citation) -> list[Part]:
    quote, span = citation.quote, citation.span
    if span is None or span == (citation.start, citation.end):
        return [Part(on_one_line(quote))]
    start, end = span[0] - citation.start, span[1] - citation.start
    cut = ((quote[:start], False), (quote[start:end], True), (quote[end:], False))
    return [Part(re.sub(r"\s+", " ", text), strong) for text, strong in cut if text]


def document_pieces(
    document: Document, start: int, end: int, quote: tuple[int, int] = (0, 0), span: tuple[int, int] = (0, 0)
) -> list[Piece]:
    """[start, end) of the document, cut wherever the quote, the span, a heading or a page begins or ends."""
    headings = [h for h in document.headings if h.start < end and h.end > start]
    pages = {offset: number for number, offset in enumerate(document.page_starts, 1) if start <= offset < end}
    cuts = {start, end, *quote, *span, *pages, *concatenated.from_iterable((h.start, h.end) for h in headings)}
    return [
        Piece(
            document.text[a:b],
            quote=quote[0] <= a < quote[1],
            strong=span[0] <= a < span[1],
            heading=next((h.level for h in headings if h.start <= a < h.end), 0),
            page=pages.get(a, 0),
        )
        for a, b in pairwise(sorted(cut for cut in cuts if start <= cut <= end))
    ]


def cut_point(text: str, offset: int) -> int:
    """Where to cut the text at an offset, or at most `CUT_REACH` before it: at a line, else at a word, else there."""
    if not 0 < offset < len(text):
        return min(max(offset, 0), len(text))
    for blank in "\n", " ":
        found = text.rfind(blank, max(0, offset - CUT_REACH), offset)
        if found >= 0:
            return found + 1
    return offset


def excerpt(text: str, limit: int = 160) -> str:
    """How the text begins, on one line of at most `limit` characters and the sign that there is more."""
    text = on_one_line(text[: 4 * limit])
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0].rstrip(" ,;:–—-") + "…"


def passage_excerpt(hit: Hit) -> str:
    """How a passage begins, after the title and headings that it may begin with: the title is shown beside it."""
    above = {hit.title, *hit.chunk.heading.split(TRAIL_SEPARATOR)}
    lines = (on_one_line(line) for line in hit.chunk.text.splitlines())
    own = "\n".join(dropwhile(lambda line: not line or line in above, lines))
    return excerpt(own or hit.chunk.text)


def example_questions(chain: AnswerChain) -> tuple[str, ...]:
    """Questions to begin with, from the headings and names of a few documents; each is one that gets an answer.

    Raises:
        KeyError: when a document is deleted meanwhile.
    """
    found = chain.corpus.documents()
    chosen = found[:: max(1, len(found) // MAX_EXAMPLES)][: MAX_EXAMPLES * 2]
    wordings = zip_longest(*(islice(_wordings(chain.corpus.document(info.id)), 6) for info in chosen))
    tried = islice(filter(None, dict.fromkeys(concatenated.from_iterable(wordings))), MAX_EXAMPLES * 3)
    return tuple(islice(filter(None, (_answered(chain, ways) for ways in tried)), MAX_EXAMPLES))


def _answered(chain: AnswerChain, ways: tuple[tuple[str, ...], ...]) -> str:
    """The first question that gets an answer, of several in one place the surest; empty when none does."""
    for questions in ways:
        answers = [(chain.invoke({"question": question}), question) for question in questions]
        if sure := [(answer.confidence, question) for answer, question in answers if not answer.abstained]:
            return max(sure)[1]
    return ""


def _wordings(document: Document) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Ways to ask about each heading and frequent name: the reader may take some for too vague and answer another."""
    for heading in (on_one_line(document.text[h.start : h.end]) for h in document.headings[:20]):
        if 4 <= len(heading) <= 70 and heading != document.title:
            said = (f"What is said about “{heading}”?",), (f"“{heading}”?",)
            yield ((heading,),) if heading.endswith("?") else said
    for name, _ in Counter(_NAME.findall(document.text[:50_000])).most_common(6):
        # No spelling tells a person from a thing, but the reader is surer of the question that fits.
        yield (f"What is said about “{name}”?",), (f"What is “{name}”?", f"Who is “{name}”?"), (f"“{name}”?",)
