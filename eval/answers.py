"""What a run wrote down for each question: the records of `answers.jsonl`. Unknown keys are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.gold import Span, read_lines
from qa import EvaluationError


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation of the answer.

    `before` and `after` are the text around the quote; `matches` says that the run compared `quote` with what the
    document holds at [start, end) and found it the same.
    """

    n: int
    doc_id: str
    uri: str
    start: int
    end: int
    quote: str
    before: str = ""
    after: str = ""
    matches: bool = False

    @property
    def span(self) -> Span:
        return Span(self.doc_id, self.start, self.end)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A passage that was found before reading; `parts` are the scores that its own was made of."""

    doc_id: str
    start: int
    end: int
    score: float
    parts: dict[str, float] = field(default_factory=dict)

    @property
    def span(self) -> Span:
        return Span(self.doc_id, self.start, self.end)

    def to_json(self) -> dict[str, Any]:
        return {"doc_id": self.doc_id, "start": self.start, "end": self.end, "score": self.score, "parts": self.parts}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Retrieved:
        return cls(row["doc_id"], int(row["start"]), int(row["end"]), float(row["score"]), dict(row.get("parts") or {}))


@dataclass(frozen=True, slots=True)
class Record:
    """One answered question.

    `searched` is the stand-alone question that was searched; `closest` the best passage after reading of an abstention;
    `error` the message of a question that failed, else "".
    """

    id: str
    answer: str
    short_answer: str | None
    abstained: bool
    confidence: float
    citations: tuple[Cited, ...] = ()
    retrieved: tuple[Retrieved, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)
    searched: str = ""
    reason: str = ""
    closest: Retrieved | None = None
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "answer": self.answer,
            "short_answer": self.short_answer,
            "abstained": self.abstained,
            "confidence": self.confidence,
            "citations": [
                {
                    "n": cited.n,
                    "doc_id": cited.doc_id,
                    "uri": cited.uri,
                    "start": cited.start,
                    "end": cited.end,
                    "quote": cited.quote,
                    "before": cited.before,
                    "after": cited.after,
                    "matches": cited.matches,
                }
                for cited in self.citations
            ],
            "retrieved": [hit.to_json() for hit in self.retrieved],
            "timings_s": self.timings_s,
            "searched": self.searched,
            "reason": self.reason,
            "closest": self.closest and self.closest.to_json(),
            "error": self.error,
        }


def record_from_json(row: dict[str, Any]) -> Record:
    """Raises KeyError, TypeError or ValueError where a required key is missing or of the wrong type."""
    return Record(
        id=row["id"],
        answer=row["answer"],
        short_answer=row.get("short_answer"),
        abstained=row["abstained"],
        confidence=float(row["confidence"]),
        citations=tuple(
            Cited(
                n=int(cited["n"]),
                doc_id=cited["doc_id"],
                uri=cited.get("uri", cited["doc_id"]),
                start=int(cited["start"]),
                end=int(cited["end"]),
                quote=cited["quote"],
                before=cited.get("before", ""),
                after=cited.get("after", ""),
                matches=cited.get("matches", False),
            )
            for cited in row["citations"]
        ),
        retrieved=tuple(Retrieved.from_json(hit) for hit in row["retrieved"]),
        timings_s={step: float(seconds) for step, seconds in row["timings_s"].items()},
        searched=row.get("searched", ""),
        reason=row.get("reason", ""),
        closest=Retrieved.from_json(row["closest"]) if row.get("closest") else None,
        error=row.get("error", ""),
    )


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one object a line, UTF-8."""
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        for row in rows:
            handle.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_records(path: Path) -> list[Record]:
    """Read `answers.jsonl`.

    Raises:
        EvaluationError: naming file, line and key.
    """
    records = []
    for number, row in read_lines(path):
        try:
            records.append(record_from_json(row))
        except KeyError as error:
            raise EvaluationError(f"{path}:{number}: {error.args[0]}: this required key is missing.") from None
        except (TypeError, ValueError, AttributeError) as error:
            raise EvaluationError(f"{path}:{number}: a value is of the wrong type: {error}.") from None
    return records
