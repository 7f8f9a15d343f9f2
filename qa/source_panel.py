"""What is shown of a cited document: the text around the quote, and the parts before and after it.

A document is shown in parts, never as a whole. The requests come from a browser: they are checked, not trusted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, NonNegativeInt, Strict

from index.store import Corpus
from index.types import Document
from qa.present import Piece, cut_point, document_pieces

SHOWN_CHARACTERS = 4_000
MAX_QUOTE_CHARACTERS = 40_000


class Place(BaseModel):
    """What the browser asks to see: [start, end) of a document; `check` tells whether the quote still stands there."""

    model_config = ConfigDict(extra="forbid", strict=True)

    doc: NonNegativeInt
    start: NonNegativeInt
    end: NonNegativeInt
    check: str = ""
    span: Annotated[tuple[NonNegativeInt, NonNegativeInt], Strict(False)] = (0, 0)


class More(BaseModel):
    """The browser's wish for the text before or after an offset."""

    model_config = ConfigDict(extra="forbid", strict=True)

    doc: NonNegativeInt
    at: NonNegativeInt
    before: bool


@dataclass(frozen=True, slots=True)
class SourceView:
    """[start, end) of a document, cut into pieces, with what the reader must be told of it.

    `page` is where the quote begins, in documents with pages; `changed` is true when the quote no longer stands at its
    place, `stale` when the document's file can no longer be read.
    """

    document: Document
    pieces: list[Piece]
    start: int
    end: int
    page: int | None
    changed: bool
    stale: bool


@dataclass(frozen=True, slots=True)
class SourcePart:
    """The text between an offset and `at`, cut into pieces; `done` is true when the document ends or begins there."""

    pieces: list[Piece]
    at: int
    done: bool


def quote_check(text: str) -> str:
    """A short digest of a quote, by which a later request can tell whether it still stands at its place."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def source_view(corpus: Corpus, place: Place) -> SourceView:
    """A document around the place that was asked for.

    Raises:
        KeyError: when the document is not in the index.
    """
    document = corpus.document(place.doc)
    size = len(document.text)
    start = min(place.start, size)
    end = max(start, min(place.end, size, start + MAX_QUOTE_CHARACTERS))
    changed = bool(place.check) and place.check != quote_check(document.text[start:end])
    low = cut_point(document.text, start - SHOWN_CHARACTERS // 2)
    high = cut_point(document.text, end + SHOWN_CHARACTERS // 2)
    quote, span = ((0, 0), (0, 0)) if changed else ((start, end), place.span)
    return SourceView(
        document,
        document_pieces(document, low, high, quote, span),
        low,
        high,
        page=document.page(start) if end else None,
        changed=changed,
        stale=corpus.sources([place.doc])[place.doc].stale,
    )


def source_part(corpus: Corpus, more: More) -> SourcePart:
    """The next part of a document, before or after an offset.

    Raises:
        KeyError: when the document is not in the index.
    """
    document = corpus.document(more.doc)
    at = min(more.at, len(document.text))
    other = cut_point(document.text, at - SHOWN_CHARACTERS if more.before else at + SHOWN_CHARACTERS)
    pieces = document_pieces(document, min(at, other), max(at, other))
    return SourcePart(pieces, other, done=other in (0, len(document.text)))
