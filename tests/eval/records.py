"""Small runs made by hand, for tests of what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eval.answers import Cited, Record, Retrieved
from eval.gold import Gold, Question, Quote, Span
from eval.metrics import score
from eval.saved import Run
from eval.summary import summarise

FACTS: dict[str, Any] = {
    "finished": "2026-01-02T03:04:05+00:00",
    "gold": {"file": "gold.jsonl", "sha256": "0" * 64, "questions": 0},
    "corpus": {"folder": "docs", "documents": 1, "passages": 2, "left_out": [], "seconds_to_index": 0.1},
    "models": {"reader": "1" * 64},
    "settings": {"read": {"passages": 8}},
    "versions": {"python": "3.11"},
    "machine": {"system": "Linux", "processor": "any", "cores": 2},
    "statistics": {"method": "percentile bootstrap", "resamples": 2000, "seed": 1, "level": 0.95},
}
SENTENCE = "The bridge opened in 1931."


def gold(number: int, answerable: bool = True, **changes: Any) -> Gold:
    """Question `number`: when did the bridge open? Its evidence stands at [100, 126) of the document "bridge"."""
    question = Question(
        f"q{number}", f"When did bridge {number} open?", answerable, type="fact" if answerable else "none"
    )
    if not answerable:
        return Gold(replace(question, **changes), ())
    question = replace(question, answers=("1931",), doc_ids=("bridge",), evidence=(SENTENCE,))
    return Gold(replace(question, **changes), (Quote(SENTENCE, (Span("bridge", 100, 126),)),))


def answered(number: int, confidence: float = 0.8, text: str = SENTENCE, start: int = 100) -> Record:
    """An answer that cites the bridge's document from `start` on."""
    return Record(
        id=f"q{number}",
        answer=f"{text} [1]",
        short_answer=None,
        abstained=False,
        confidence=confidence,
        citations=(Cited(1, "bridge", "bridge.txt", start, start + len(text), text, matches=True),),
        retrieved=(Retrieved("bridge", 90, 200, 0.5, {"bm25": 3.0}), Retrieved("other", 0, 50, 0.4)),
        timings_s={"read": 0.01, "total": 0.02},
    )


def abstained(number: int, confidence: float = 0.1) -> Record:
    """An abstention that found nothing of use."""
    return Record(
        f"q{number}", "", None, True, confidence, retrieved=(Retrieved("other", 0, 50, 0.4),), reason="nothing"
    )


def run_of(questions: Sequence[Gold], records: Sequence[Record]) -> Run:
    """The run that these answers make."""
    scored = tuple(score(item, record) for item, record in zip(questions, records, strict=True))
    passages = {("bridge", 90, 200): "x" * 10 + SENTENCE + "y" * 74, ("other", 0, 50): "z" * 50}
    return Run(tuple(questions), tuple(records), scored, FACTS | summarise(scored, records), passages)


def good_run(count: int = 20) -> Run:
    """As many right answers and, for every fourth question, right abstentions."""
    questions = [gold(number, answerable=bool(number % 4)) for number in range(count)]
    records = [answered(number) if number % 4 else abstained(number) for number in range(count)]
    return run_of(questions, records)
