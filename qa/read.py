"""What a reader is: it takes a question and passages and says which sentences answer, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from index.chunk import TRAIL_SEPARATOR
from index.sentences import sentence_spans
from qa.types import Hit


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sentence that answers: `hit` numbers the passage it stands in, offsets are those of the document.

    `span` is the part of the sentence that answers most directly, where the reader knows one.
    """

    hit: int
    start: int
    end: int
    score: float
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found.

    `evidence` holds the sentences, the best one among them named by `best`; it is empty when no passage was given.
    `scores` has one entry a passage, higher is better, None for one that was not read; `confidence` is the calibrated
    probability that the evidence answers the question; `conflict` says that the sentences contradict each other.
    """

    evidence: tuple[Evidence, ...]
    scores: tuple[float | None, ...]
    confidence: float
    best: int = 0
    conflict: bool = False


class Reader(Protocol):
    """Reads passages. `passages` is how many it wants, `threshold` the confidence below which it would abstain."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def threshold(self) -> float: ...

    def read(self, question: str, hits: Sequence[Hit]) -> Reading: ...


def answer_sentences(hit: Hit) -> list[tuple[int, int]]:
    """The passage's sentences that can answer, as half-open ranges of its text.

    A heading or a question repeats what was asked better than any answer does; both are left out, unless there is
    nothing else.
    """
    text, headings = hit.chunk.text, hit.chunk.heading.split(TRAIL_SEPARATOR)
    every = sentence_spans(text)
    telling = [(a, b) for a, b in every if not text[a:b].endswith(("?", "？")) and text[a:b].strip() not in headings]
    return telling or every
