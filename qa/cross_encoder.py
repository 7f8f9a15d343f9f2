"""The trained reader: one network reranks the passages, finds the answer in them and knows when there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.agreement import AnswerKind, Terms, answer_kind, has_kind
from qa.calibration import Calibration, load_calibration
from qa.read import Evidence, Reading, answer_sentences
from qa.spans import PassageReading, SpanNetwork, model_folder
from qa.types import Hit
from qa.words import content_stems

MAX_SENTENCES = 4
# A neighbouring sentence joins a description when the network thinks it at least this likely to be evidence.
EVIDENCE_THRESHOLD = 0.5
# Another passage counts as a second source, agreeing or not, when it is at least this likely to be right.
SECOND_SOURCE = 0.4
# A price, a time of day or a date in figures is one number: 6:30 and 7:30 have nothing in common.
_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
PASSAGE_FEATURES = ("score", "margin", "rank", "cosine", "coverage", "kind")
ANSWER_FEATURES = ("best", "lead", "score", "margin", "coverage", "cosine", "kind")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One passage as the network read it, with its features as named in `PASSAGE_FEATURES`."""

    hit: int
    reading: PassageReading
    features: Mapping[str, float]


class CrossEncoder:
    """Reads the best passages in one batch.

    The network's logits and the retriever's scores go through two logistic regressions, fitted by `python -m
    qa.train.fit`: how likely each passage holds the answer, and how likely the best passage's answer is right.
    """

    name = "cross-encoder"

    def __init__(
        self, passages: int, network: SpanNetwork | None = None, calibration: Calibration | None = None
    ) -> None:
        self._passages = passages
        self._calibration = calibration or load_calibration(self.name)
        self._network = network or SpanNetwork(model_folder(), self._calibration.model_digest)

    @property
    def digest(self) -> str:
        return self._network.digest

    @property
    def threshold(self) -> float:
        return self._calibration.threshold

    def read(self, question: str, hits: Sequence[Hit]) -> Reading:
        found = candidates(question, hits[: self._passages], self._network)
        if not found:
            return Reading((), (None,) * len(hits), 0.0)
        passage = self._calibration.models["passage"]
        scores = [passage(c.features) for c in found]
        best = int(np.argmax(scores))
        confidence = self._calibration.models["answer"](answer_features(found, scores))
        kind = answer_kind(question)
        chosen = select_sentences(found[best], hits[found[best].hit], kind, scores[best])
        conflict = False
        for i in np.argsort(-np.array(scores), kind="stable"):
            if i == best or scores[i] < SECOND_SOURCE or len(chosen) >= MAX_SENTENCES:
                continue
            other = select_sentences(found[i], hits[found[i].hit], "other", scores[i])[0]
            if any(_same_place(other, hits, e) for e in chosen):
                continue
            relation = compare(
                _quote(hits, chosen[0]), _span(hits, chosen[0]), _quote(hits, other), _span(hits, other), kind
            )
            if relation != "unrelated":
                conflict = conflict or relation == "contradicts"
                chosen.append(other)
        by_hit: list[float | None] = [None] * len(hits)
        for candidate, score in zip(found, scores, strict=True):
            by_hit[candidate.hit] = score
        return Reading(tuple(chosen), tuple(by_hit), confidence, best=0, conflict=conflict)


def candidates(question: str, hits: Sequence[Hit], network: SpanNetwork) -> list[Candidate]:
    """Read every passage that holds a letter or a digit; the features are those of `PASSAGE_FEATURES`."""
    usable = [i for i, h in enumerate(hits) if any(map(str.isalnum, h.chunk.text))]
    readings = network.read(question, [(_title(hits[i]), hits[i].chunk.text) for i in usable])
    terms = Terms.of(question, [h.chunk.text for h in hits])
    kind = answer_kind(question)
    return [
        Candidate(
            i,
            reading,
            {
                "score": reading.score,
                "margin": reading.margin,
                "rank": 1.0 / (1 + i),
                "cosine": hits[i].cosine or 0.0,
                "coverage": terms.coverage(f"{hits[i].title} {hits[i].chunk.heading} {hits[i].chunk.text}"),
                "kind": has_kind(kind, "x " + hits[i].chunk.text[slice(*reading.span)]),
            },
        )
        for i, reading in zip(usable, readings, strict=True)
    ]


def answer_features(found: Sequence[Candidate], scores: Sequence[float]) -> dict[str, float]:
    """The features of the best passage that tell whether its answer is right, as named in `ANSWER_FEATURES`."""
    order = np.argsort(-np.array(scores), kind="stable")
    best = found[order[0]]
    second = scores[order[1]] if len(order) > 1 else 0.0
    own = best.features
    return {
        "best": scores[order[0]],
        "lead": scores[order[0]] - second,
        **{name: own[name] for name in ("score", "margin", "coverage", "cosine", "kind")},
    }


def select_sentences(candidate: Candidate, hit: Hit, kind: AnswerKind, score: float) -> list[Evidence]:
    """The sentence that holds the answer, first; for a description also its neighbours that the network calls evidence.

    A run of neighbours in document order, at most `MAX_SENTENCES` with the first; the caller sorts what it shows.
    """
    base = hit.chunk.start
    sentences = answer_sentences(hit)
    a, b = candidate.reading.span
    home = next((i for i, (_, e) in enumerate(sentences) if a < e), len(sentences) - 1)
    # An answer that runs over a sentence border takes the sentences it touches.
    last = next((i for i, (s, e) in enumerate(sentences) if s < b <= e), home)
    chosen = list(range(home, max(home, min(last, home + 1)) + 1))
    if kind == "description":
        likely = sentence_evidence(candidate.reading, sentences)
        while len(chosen) < MAX_SENTENCES:
            sides = [i for i in (chosen[0] - 1, chosen[-1] + 1) if 0 <= i < len(sentences)]
            side = max(sides, key=lambda i: likely[i], default=None)
            if side is None or likely[side] < EVIDENCE_THRESHOLD:
                break
            chosen = sorted([*chosen, side])
    rows = []
    for i in chosen:
        start, end = sentences[i]
        inside = (max(a, start), min(b, end))
        span = (base + inside[0], base + inside[1]) if inside[0] < inside[1] else None
        rows.append(Evidence(candidate.hit, base + start, base + end, score, span))
    rows.sort(key=lambda e: (e.span is None, e.start))
    return rows


def sentence_evidence(reading: PassageReading, sentences: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """The probability, (n sentences,), that each sentence is evidence: the mean over its tokens."""
    probabilities = 1 / (1 + np.exp(-reading.evidence.astype(np.float64)))
    starts = np.array([a for a, _ in reading.pair.offsets])
    out = np.zeros(len(sentences))
    for i, (start, end) in enumerate(sentences):
        inside = (starts >= start) & (starts < end)
        out[i] = probabilities[inside].mean() if inside.any() else 0.0
    return out


def compare(quote: str, span: str, other_quote: str, other_span: str, kind: AnswerKind) -> str:
    """How a second source relates to the first: it `repeats` it, `contradicts` it, or is `unrelated`.

    It repeats the first when it says it in the same words. Two sentences contradict each other when they are about the
    same thing (half of their content words agree) and the answers in them hold different numbers.
    """
    if content_stems(quote) == content_stems(other_quote):
        return "repeats"
    numbers, other_numbers = set(_NUMBER.findall(span)), set(_NUMBER.findall(other_span))
    # One date may be more exact than the other: "1964" and "4 May 1964" agree.
    if kind == "description" or numbers <= other_numbers or other_numbers <= numbers:
        return "unrelated"
    a, b = (set(content_stems(_NUMBER.sub("", text))) for text in (quote, other_quote))
    return "contradicts" if len(a & b) >= max(1, min(len(a), len(b))) / 2 else "unrelated"


def _title(hit: Hit) -> str:
    return hit.chunk.heading or hit.title


def _quote(hits: Sequence[Hit], evidence: Evidence) -> str:
    chunk = hits[evidence.hit].chunk
    return chunk.text[evidence.start - chunk.start : evidence.end - chunk.start]


def _span(hits: Sequence[Hit], evidence: Evidence) -> str:
    chunk = hits[evidence.hit].chunk
    return chunk.text[evidence.span[0] - chunk.start : evidence.span[1] - chunk.start] if evidence.span else ""


def _same_place(one: Evidence, hits: Sequence[Hit], other: Evidence) -> bool:
    same_document = hits[one.hit].chunk.doc_id == hits[other.hit].chunk.doc_id
    return same_document and one.start < other.end and other.start < one.end
