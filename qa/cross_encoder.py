"""The trained reader: one network reranks the passages, finds the answer in them and knows when there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qa.agreement import AnswerKind, Terms, answer_kind, counts_nothing
from qa.calibration import Calibration, load_calibration, log_odds
from qa.read import Evidence, Reading, answer_sentences
from qa.second_source import compare
from qa.spans import SentenceReading, SpanNetwork, model_folder, tidy_span
from qa.types import Hit

MAX_SENTENCES = 4
# A neighbouring sentence joins a description when the network thinks it at least this likely to be evidence.
EVIDENCE_THRESHOLD = 0.5
# Another passage counts as a second source, agreeing or not, when it is at least this likely to be right.
SECOND_SOURCE = 0.4
WEAKEST_RIVAL = 0.01
SENTENCE_FEATURES = (
    "logit", "margin", "log_probability", "best_of_passage", "evidence", "score", "coverage", "passage_coverage",
    "cosine", "rank",
)  # fmt: skip
_OF_THE_BEST = ("margin", "evidence", "coverage", "passage_coverage", "cosine")
ANSWER_FEATURES = ("best", "lead", *_OF_THE_BEST)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sentence of a passage as the network read it, with its features as named in `SENTENCE_FEATURES`.

    `sentences` are all that its passage may answer with, `number` its place among them; `place` is the document and the
    offset where it begins there: overlapping passages share sentences.
    """

    hit: int
    sentences: Sequence[SentenceReading]
    number: int
    place: tuple[int, int]
    features: Mapping[str, float]

    @property
    def reading(self) -> SentenceReading:
        return self.sentences[self.number]


class CrossEncoder:
    """Reads the best passages, each sentence of which is a candidate.

    The network's logits and the retriever's scores go through two logistic regressions, fitted by `python -m
    qa.train.fit`: how likely each sentence holds the answer, and how likely the best one is right. The best span of the
    best passage is often the wrong one where another sentence of it is right, so sentences are ranked, not passages.
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
        likely = self._calibration.models["sentence"]
        scores = [likely(c.features) for c in found]
        order = [int(i) for i in np.argsort(-np.array(scores), kind="stable")]
        confidence = self._calibration.models["answer"](answer_features(found, scores))
        kind = answer_kind(question)
        best = found[order[0]]
        chosen = select_sentences(best, hits[best.hit], kind, scores[order[0]])
        conflict = False
        by_hit: list[float | None] = [None] * len(hits)
        for i in order:
            candidate, score = found[i], scores[i]
            if by_hit[candidate.hit] is not None:
                continue  # a better sentence of the passage was there before
            by_hit[candidate.hit] = score
            if candidate.hit == best.hit or score < SECOND_SOURCE or len(chosen) >= MAX_SENTENCES:
                continue
            other = select_sentences(candidate, hits[candidate.hit], "other", score)[0]
            if any(_same_place(other, hits, e) for e in chosen):
                continue
            relation = compare(*_words(hits, chosen[0]), *_words(hits, other), kind)
            if relation != "unrelated":
                conflict = conflict or relation == "contradicts"
                chosen.append(other)
        return Reading(tuple(chosen), tuple(by_hit), confidence, best=0, conflict=conflict)


def candidates(question: str, hits: Sequence[Hit], network: SpanNetwork) -> list[Candidate]:
    """Every sentence of the passages that can answer, in each passage that holds it."""
    usable = [i for i, h in enumerate(hits) if any(map(str.isalnum, h.chunk.text))]
    readings = network.read(question, [(_title(hits[i]), hits[i].chunk.text) for i in usable])
    terms = Terms.of(question, [h.chunk.text for h in hits])
    asks_number = answer_kind(question) == "number"
    found: list[Candidate] = []
    for i, passage in zip(usable, readings, strict=True):
        chunk = hits[i].chunk
        sentences = passage.sentences(answer_sentences(hits[i]))
        best = max((s.logit for s in sentences), default=0.0)
        shared = {
            "score": passage.score,
            "passage_coverage": terms.coverage(f"{hits[i].title} {chunk.heading} {chunk.text}"),
            "cosine": hits[i].cosine or 0.0,
            "rank": 1.0 / (1 + i),
        }
        for number, sentence in enumerate(sentences):
            start, end = sentence.sentence
            if asks_number and counts_nothing(chunk.text, sentence.span):
                continue
            features = shared | {
                "logit": sentence.logit,
                "margin": sentence.logit - passage.null,
                "log_probability": sentence.log_probability,
                "best_of_passage": float(sentence.logit == best),
                "evidence": sentence.evidence,
                "coverage": terms.coverage(chunk.text[start:end]),
            }
            found.append(Candidate(i, sentences, number, (chunk.doc_id, chunk.start + start), features))
    return found


def answer_features(found: Sequence[Candidate], scores: Sequence[float]) -> dict[str, float]:
    """The features of the best sentence that tell whether its answer is right, as named in `ANSWER_FEATURES`.

    `best` and `lead` are log odds: the best sentence's, and how far it is before that of the next place.
    """
    order = np.argsort(-np.array(scores), kind="stable")
    own = found[order[0]]
    # No rival is taken for weaker than this, or an only sentence would look surer than any that won.
    second = max((scores[i] for i in order if found[i].place != own.place), default=0.0)
    best = log_odds(scores[order[0]])
    lead = best - log_odds(max(second, WEAKEST_RIVAL))
    return {"best": best, "lead": lead, **{name: own.features[name] for name in _OF_THE_BEST}}


def select_sentences(candidate: Candidate, hit: Hit, kind: AnswerKind, score: float) -> list[Evidence]:
    """The sentence that holds the answer, first; for a description also its neighbours that the network calls evidence.

    A run of neighbours in document order, at most `MAX_SENTENCES` with the first; the caller sorts what it shows.
    """
    base = hit.chunk.start
    readings, home = candidate.sentences, candidate.number
    b = candidate.reading.span[1]
    # An answer that runs over a sentence border takes the sentences it touches.
    last = next((i for i, r in enumerate(readings) if r.sentence[0] < b <= r.sentence[1]), home)
    chosen = list(range(home, max(home, min(last, home + 1)) + 1))
    if kind == "description":
        while len(chosen) < MAX_SENTENCES:
            sides = [i for i in (chosen[0] - 1, chosen[-1] + 1) if 0 <= i < len(readings)]
            side = max(sides, key=lambda i: readings[i].evidence, default=None)
            if side is None or readings[side].evidence < EVIDENCE_THRESHOLD:
                break
            chosen = sorted([*chosen, side])
    rows = []
    for i in chosen:
        start, end = sentence = readings[i].sentence
        part = _part_in(hit.chunk.text, candidate.reading.span, sentence)
        span = (base + part[0], base + part[1]) if part else None
        rows.append(Evidence(candidate.hit, base + start, base + end, score, span))
    rows.sort(key=lambda e: (e.span is None, e.start))
    return rows


def _part_in(text: str, span: tuple[int, int], sentence: tuple[int, int]) -> tuple[int, int] | None:
    """The part of the span that stands in the sentence, tidied; None when there is none."""
    start, end = max(span[0], sentence[0]), min(span[1], sentence[1])
    if start >= end:
        return None
    start, end = tidy_span(text, start, end)
    start, end = max(start, sentence[0]), min(end, sentence[1])
    return (start, end) if start < end else None


def _title(hit: Hit) -> str:
    return hit.chunk.heading or hit.title


def _words(hits: Sequence[Hit], evidence: Evidence) -> tuple[str, str]:
    """The sentence and the span in it, which may be none."""
    chunk = hits[evidence.hit].chunk
    return chunk.part(evidence.start, evidence.end), chunk.part(*evidence.span) if evidence.span else ""


def _same_place(one: Evidence, hits: Sequence[Hit], other: Evidence) -> bool:
    same_document = hits[one.hit].chunk.doc_id == hits[other.hit].chunk.doc_id
    return same_document and one.start < other.end and other.start < one.end
