"""The reader without a network of its own: ranks sentences by dense and lexical agreement with the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from index.embed import Embedder
from qa.agreement import Terms, answer_kind, has_kind
from qa.calibration import Calibration, load_calibration, log_odds
from qa.read import Evidence, Reading, answer_sentences
from qa.types import Hit

MAX_SENTENCES = 3
SENTENCE_FEATURES = ("cosine", "coverage", "passage_coverage", "rank", "passage_cosine", "kind")
ANSWER_FEATURES = ("best", "margin", "cosine", "coverage", "passage_coverage", "top_cosine", "kind")
# A further sentence is shown only when the ranker thinks it nearly as likely as the best one.
SHARE_OF_BEST = 0.75


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a passage with its features, as named in `SENTENCE_FEATURES`."""

    hit: int
    start: int
    end: int
    features: Mapping[str, float]


class SentenceRanker:
    """Answers with one to three sentences of the best passages.

    Two logistic regressions, fitted by `python -m qa.train.fit`: one ranks sentences, one turns the best sentence and
    its lead over the next into the probability that it answers.
    """

    name = "sentence-ranker"

    def __init__(self, embedder: Embedder, passages: int, calibration: Calibration | None = None) -> None:
        self._embedder = embedder
        self._passages = passages
        self._calibration = calibration or load_calibration(self.name)

    @property
    def digest(self) -> str:
        return self._calibration.digest

    @property
    def threshold(self) -> float:
        return self._calibration.threshold

    def read(self, question: str, hits: Sequence[Hit]) -> Reading:
        found = candidates(question, hits[: self._passages], self._embedder)
        if not found:
            return Reading((), (None,) * len(hits), 0.0)
        score = self._calibration.models["sentence"]
        scores = [score(c.features) for c in found]
        # Stable, so that among equals the first is the best one, as everywhere.
        order = [int(i) for i in np.argsort(-np.array(scores), kind="stable")]
        best = order[0]
        confidence = self._calibration.models["answer"](answer_features(found, scores, hits))
        wanted = MAX_SENTENCES if answer_kind(question) == "description" else 1
        chosen = [i for i in order if scores[i] >= SHARE_OF_BEST * scores[best]][:wanted]
        chosen.sort(key=lambda i: (found[i].hit != found[best].hit, found[i].hit, found[i].start))
        evidence = tuple(Evidence(found[i].hit, found[i].start, found[i].end, scores[i]) for i in chosen)
        by_hit = [
            max((s for c, s in zip(found, scores, strict=True) if c.hit == h), default=None) for h in range(len(hits))
        ]
        return Reading(evidence, tuple(by_hit), confidence, best=chosen.index(best))


def candidates(question: str, hits: Sequence[Hit], embedder: Embedder) -> list[Candidate]:
    """Every sentence of the passages with its features; one that overlapping passages share is the first's."""
    terms = Terms.of(question, [h.chunk.text for h in hits])
    kind = answer_kind(question)
    places: dict[tuple[int, int], tuple[int, str]] = {}
    for number, hit in enumerate(hits):
        for start, end in answer_sentences(hit):
            key = (hit.chunk.doc_id, hit.chunk.start + start)
            places.setdefault(key, (number, hit.chunk.text[start:end]))
    if not places:
        return []
    vectors = embedder.embed_passages([text for _, text in places.values()])
    cosines = vectors @ embedder.embed_query(question)
    whole = [terms.coverage(f"{h.title} {h.chunk.heading} {h.chunk.text}") for h in hits]
    return [
        Candidate(
            number,
            start,
            start + len(text),
            {
                "cosine": float(cosine),
                "coverage": terms.coverage(text),
                "passage_coverage": whole[number],
                "rank": 1.0 / (1 + number),
                "passage_cosine": hits[number].cosine or 0.0,
                "kind": has_kind(kind, text),
            },
        )
        for ((_, start), (number, text)), cosine in zip(places.items(), cosines, strict=True)
    ]


def answer_features(found: Sequence[Candidate], scores: Sequence[float], hits: Sequence[Hit]) -> dict[str, float]:
    """The features of the best sentence that tell whether it answers, as named in `ANSWER_FEATURES`."""
    order = np.argsort(-np.array(scores), kind="stable")
    best = found[order[0]]
    second = scores[order[1]] if len(order) > 1 else 0.0
    return {
        "best": log_odds(scores[order[0]]),
        "margin": log_odds(scores[order[0]]) - log_odds(second),
        "top_cosine": max((h.cosine or 0.0 for h in hits), default=0.0),
        **{name: best.features[name] for name in ("cosine", "coverage", "passage_coverage", "kind")},
    }
