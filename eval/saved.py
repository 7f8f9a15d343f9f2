"""A run and the folder that holds it. docs/evaluation.md lists the files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.answers import Record, read_records, write_lines
from eval.gold import Gold, Quote, Span, load_questions, read_lines
from eval.metrics import Scored
from qa import EvaluationError

_NEEDED = ("answers.jsonl", "scores.jsonl", "gold.jsonl", "passages.jsonl", "summary.json")


@dataclass(frozen=True, slots=True)
class Run:
    """A run: gold questions, answers and scores in gold order.

    `passages` maps (document, start, end) to the text of every passage that was retrieved.
    """

    gold: tuple[Gold, ...]
    records: tuple[Record, ...]
    scored: tuple[Scored, ...]
    summary: dict[str, Any]
    passages: dict[tuple[str, int, int], str]

    @property
    def failed(self) -> list[Record]:
        return [record for record in self.records if record.error]


def write_run(run: Run, folder: Path, without_history: Sequence[Record] = ()) -> None:
    """Write the files of a run. `without_history` holds the answers to the follow-ups asked on their own."""
    folder.mkdir(parents=True, exist_ok=True)
    write_lines(folder / "answers.jsonl", (record.to_json() for record in run.records))
    write_lines(folder / "scores.jsonl", (row.to_json() for row in run.scored))
    write_lines(folder / "gold.jsonl", (_gold_to_json(item) for item in run.gold))
    if without_history:
        write_lines(folder / "answers-without-history.jsonl", (record.to_json() for record in without_history))
    passages = sorted(run.passages.items())
    write_lines(
        folder / "passages.jsonl",
        ({"doc_id": key[0], "start": key[1], "end": key[2], "text": text} for key, text in passages),
    )
    summary = json.dumps(run.summary, ensure_ascii=False, indent=2)
    (folder / "summary.json").write_text(summary + "\n", encoding="utf-8")


def read_run(folder: Path) -> Run:
    """Read a run that was written before.

    Raises:
        EvaluationError: the folder holds no complete run, or a file of it was changed by hand.
    """
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise EvaluationError(f"{folder} holds no run: {missing[0]} is missing. Make one with `python -m eval run`.")
    records = read_records(folder / "answers.jsonl")
    questions = load_questions(folder / "gold.jsonl")
    try:
        gold = tuple(Gold(question, _quotes(question.evidence, question.extra["places"])) for question in questions)
        scored = tuple(Scored.from_json(row) for _, row in read_lines(folder / "scores.jsonl"))
        passages = {
            (row["doc_id"], row["start"], row["end"]): row["text"] for _, row in read_lines(folder / "passages.jsonl")
        }
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (KeyError, TypeError, ValueError) as error:
        raise EvaluationError(f"{folder} holds a run that cannot be read: {error}. Make it again.") from None
    ids = [item.question.id for item in gold]
    if ids != [record.id for record in records] or ids != [row.id for row in scored]:
        raise EvaluationError(f"{folder}: gold, answers and scores are of different questions. Make the run again.")
    return Run(gold, tuple(records), scored, summary, passages)


def _gold_to_json(item: Gold) -> dict[str, Any]:
    places = [[[span.doc_id, span.start, span.end] for span in quote.spans] for quote in item.quotes]
    return item.question.to_json() | {"places": places}


def _quotes(evidence: Sequence[str], places: list[list[list[Any]]]) -> tuple[Quote, ...]:
    return tuple(
        Quote(text, tuple(Span(*place) for place in spans)) for text, spans in zip(evidence, places, strict=True)
    )
