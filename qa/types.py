"""What a question turns into on its way to an answer. Offsets are code points of the document's text, half-open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from index.types import Chunk

Mode = Literal["extractive", "generative"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation so far."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage and the parts its score was made of; a part that played no role is None.

    `cosine` and `bm25` are the raw scores with their 1-based ranks, `fused` the weighted sum of the cosine and of BM25
    as a share of the best (for a follow-up the mean of that and of the same with the turn before it), `reader` the
    reader's score. `score` is the one the hits are ordered by.
    """

    chunk: Chunk
    uri: str
    title: str
    page: int | None
    score: float
    cosine: float | None = None
    cosine_rank: int | None = None
    bm25: float | None = None
    bm25_rank: int | None = None
    fused: float | None = None
    reader: float | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote that is proved to stand in its document: `quote == document.text[start:end]`, checked when it is made.

    `span` is the part of it that answers the question most directly (a name, a date), as offsets of the document.
    """

    n: int
    doc_id: int
    uri: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the chain returns. Every sentence of `text` carries a marker such as [1], or the answer is an abstention.

    `question` is the stand-alone question that was searched; `text` is "" for an abstention, whose `reason` says in a
    few words what was found instead and whose `citations` are empty: the closest passages are `hits`, best first.
    `confidence` is the calibrated probability that the answer is right; `short_answer` the shortest span that answers,
    where there is one; `timings_s` wall seconds per step plus `total`.
    """

    question: str
    text: str
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    mode: Mode
    abstained: bool
    reason: str
    confidence: float
    short_answer: str | None = None
    timings_s: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a streamed answer: the hits found, the text up to the end of a sentence, or the whole answer.

    Text is sent once its quotes are verified.
    """

    kind: Literal["retrieved", "text", "answer"]
    hits: tuple[Hit, ...] = ()
    text: str = ""
    answer: Answer | None = None
