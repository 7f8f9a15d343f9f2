"""How one question is scored, and the scores of many as columns. The metrics are listed in `eval.catalogue`.

A metric that does not apply to a question has no value for it and the question is left out of its mean. A question that
failed gets 0 in every metric that applies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval import span_metrics, text_metrics, trust_metrics
from eval.answers import Record
from eval.catalogue import CUTOFFS, DEPTH, METRICS
from eval.gold import Gold
from eval.trust_metrics import Flags, Numbers
from qa import normalise

RECALL_THAT_COUNTS = 0.5
# Scores are kept as they are written, so that a run read again compares equal to itself.
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Scored:
    """One question's scores. `values` holds the metrics that apply to it."""

    id: str
    type: str
    doc_ids: tuple[str, ...]
    answerable: bool
    abstained: bool
    confidence: float
    failed: bool
    values: dict[str, float] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        return self.values.get("right", 0.0) == 1.0

    def to_json(self) -> dict[str, Any]:
        """One line of `scores.jsonl`; a metric that does not apply is null."""
        return {
            "id": self.id,
            "type": self.type,
            "doc_ids": list(self.doc_ids),
            "answerable": self.answerable,
            "abstained": self.abstained,
            "confidence": self.confidence,
            "failed": self.failed,
            "values": {name: self.values.get(name) for name, metric in METRICS.items() if metric.kind != "set"},
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Scored:
        """Raises KeyError or TypeError where the row was not written by `to_json`."""
        return cls(
            id=row["id"],
            type=row["type"],
            doc_ids=tuple(row["doc_ids"]),
            answerable=row["answerable"],
            abstained=row["abstained"],
            confidence=float(row["confidence"]),
            failed=row["failed"],
            values={name: float(value) for name, value in row["values"].items() if value is not None},
        )


def score(gold: Gold, record: Record) -> Scored:
    """Score one answered question. Exact match and token F1 take the short answer where there is one, else the text."""
    question = gold.question
    values: dict[str, float] = {}
    if question.answerable:
        values |= _retrieval(gold, record) | _answer(gold, record) | _citations(gold, record)
        values["answered"] = float(not record.abstained)
        if (is_right := _right(gold, record, values)) is not None:
            values["right"] = is_right
    else:
        values["right"] = float(record.abstained)
    if not record.abstained:
        # An answer that cites nothing has proved nothing: it is counted here, and counted as a failure.
        values["quotes_exact"] = float(bool(record.citations) and all(cited.matches for cited in record.citations))
    failed = bool(record.error)
    return Scored(
        id=question.id,
        type=question.type,
        doc_ids=question.doc_ids,
        answerable=question.answerable,
        abstained=record.abstained and not failed,
        confidence=0.0 if failed else round(record.confidence, DIGITS),
        failed=failed,
        values={name: 0.0 if failed else round(value, DIGITS) for name, value in values.items()},
    )


def _retrieval(gold: Gold, record: Record) -> dict[str, float]:
    spans = [hit.span for hit in record.retrieved]
    values: dict[str, float] = {}
    for item, ranks, ndcg in (
        ("document", span_metrics.document_ranks(spans, gold.question.doc_ids), span_metrics.document_ndcg),
        ("evidence", span_metrics.evidence_ranks(spans, gold.quotes), span_metrics.evidence_ndcg),
    ):
        if ranks:
            values |= {f"{item}_hit@{k}": span_metrics.hit_rate(ranks, k) for k in CUTOFFS}
            values |= {f"{item}_recall@{k}": span_metrics.recall(ranks, k) for k in (5, DEPTH)}
            values[f"{item}_mrr@{DEPTH}"] = span_metrics.reciprocal_rank(ranks, DEPTH)
            values[f"{item}_ndcg@{DEPTH}"] = ndcg(ranks, DEPTH)
    return values


def _answer(gold: Gold, record: Record) -> dict[str, float]:
    accepted = [normalise(answer) for answer in gold.question.answers]
    if not accepted:
        return {}
    text = text_metrics.without_markers(record.answer, {cited.n for cited in record.citations})
    short = "" if record.abstained else record.short_answer or text
    values = {"token_f1": text_metrics.token_f1(short, accepted)}
    if text_metrics.short_answers(accepted):
        values["exact_match"] = text_metrics.exact_match(short, accepted)
        values["answer_contained"] = text_metrics.answer_contained(text, accepted)
    else:
        values["answer_recall"] = text_metrics.answer_recall(text, accepted)
    return values


def _citations(gold: Gold, record: Record) -> dict[str, float]:
    if not gold.quotes:
        return {}
    cited = [citation.span for citation in record.citations]
    first = cited[0] if cited else record.closest.span if record.closest else None
    values = {
        "evidence_first": float(first is not None and any(span_metrics.holds(first, quote) for quote in gold.quotes)),
        "citation_recall": span_metrics.citation_recall(cited, gold.quotes),
    }
    if record.error:
        values["citation_precision"] = 0.0
    elif (precision := span_metrics.citation_precision(cited, gold.quotes)) is not None:
        values["citation_precision"] = precision
    return values


def _right(gold: Gold, record: Record, values: dict[str, float]) -> float | None:
    """Judge an answerable question by the strongest gold that it has; None where it has none at all.

    1. A short accepted answer: the text contains it. 2. Evidence: a citation holds a gold quote. 3. Only a long
    accepted answer: at least half of its words stand in the text. 4. Only documents: one of them is cited.
    """
    if record.abstained:
        return 0.0
    if "answer_contained" in values:
        return values["answer_contained"]
    if gold.quotes:
        return float(any(span_metrics.holds(cited.span, quote) for cited in record.citations for quote in gold.quotes))
    if "answer_recall" in values:
        return float(values["answer_recall"] >= RECALL_THAT_COUNTS)
    if gold.question.doc_ids:
        return float(any(cited.doc_id in gold.question.doc_ids for cited in record.citations))
    return None


class Table:
    """The scores of many questions as columns, so that resampling them is quick."""

    def __init__(self, scored: Sequence[Scored]) -> None:
        self.scored = tuple(scored)
        self.answerable: Flags = np.array([row.answerable for row in scored], dtype=bool)
        self.abstained: Flags = np.array([row.abstained for row in scored], dtype=bool)
        self.right: Flags = np.array([row.right for row in scored], dtype=bool)
        self.confidence: Numbers = np.array([row.confidence for row in scored], dtype=np.float64)

    def __len__(self) -> int:
        return len(self.scored)

    def column(self, name: str) -> Numbers:
        """A per-question metric's values, nan where it does not apply."""
        return np.array([row.values.get(name, np.nan) for row in self.scored], dtype=np.float64)

    def counted(self, name: str) -> int:
        """The number of questions that a set metric is about."""
        about = {
            "abstention_precision": self.abstained,
            "abstention_recall": ~self.answerable,
            "ece": ~self.abstained,
        }
        return int(about[name].sum()) if name in about else len(self)

    def whole(self, name: str) -> Callable[[NDArray[np.intp]], float]:
        """A set metric as a function of the positions of the questions it is taken over."""
        if name.startswith("abstention"):
            of_flags = getattr(trust_metrics, name)
            return lambda rows: float(of_flags(self.abstained[rows], self.answerable[rows]))
        of_confidence = {
            "aurc": trust_metrics.area_under_risk_coverage,
            "ece": trust_metrics.expected_calibration_error,
        }[name]
        return lambda rows: of_confidence(self.confidence[rows], self.right[rows], self.abstained[rows])


def groups(scored: Iterable[Scored], key: Callable[[Scored], Iterable[str]]) -> dict[str, list[Scored]]:
    """Group questions by one or more labels each, in the order of their first appearance."""
    grouped: dict[str, list[Scored]] = {}
    for row in scored:
        for label in key(row):
            grouped.setdefault(label, []).append(row)
    return grouped
