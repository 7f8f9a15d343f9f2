"""Two runs over the same questions, side by side: every metric's paired difference and every question that turned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eval.catalogue import METRICS, STEPS
from eval.gold import Question
from eval.metrics import Scored, Table
from eval.saved import Run
from eval.stats import Difference, compare

# Another processor rounds differently, which can move every confidence by a hair in the same direction: such a
# difference is significant and means nothing.
SMALLEST_DROP = 0.001


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as one side answered it. `gold` is a digest of the question and all that it is judged by."""

    question: str
    gold: str
    answer: str
    scored: Scored


@dataclass(frozen=True, slots=True)
class Side:
    """One of two things compared, a run or a baseline: its questions by id, in gold order."""

    name: str
    asked: Mapping[str, Asked]
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Turned:
    """A question that was right on one side and wrong on the other."""

    id: str
    question: str
    before: Asked
    after: Asked


@dataclass(frozen=True, slots=True)
class Fault:
    """A metric that got worse, and why that counts: "significant", "beyond tolerance" or "must be 1"."""

    difference: Difference
    reason: str

    def __str__(self) -> str:
        found = self.difference
        return (
            f"{METRICS[found.metric].title} went from {found.before:.3f} to {found.after:.3f} "
            f"({found.difference:+.3f}, 95 % {found.low:+.3f} to {found.high:+.3f}; {self.reason})"
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result. `faults` begin with the earliest step that is at fault, `lost` and `gained` with the most certain."""

    before: Side
    after: Side
    differences: tuple[Difference, ...]
    faults: tuple[Fault, ...]
    lost: tuple[Turned, ...]
    gained: tuple[Turned, ...]


def side_of(run: Run, name: str) -> Side:
    """A run as one side of a comparison."""
    asked = {
        item.question.id: Asked(item.question.question, digest(item.question), record.answer, scored)
        for item, record, scored in zip(run.gold, run.records, run.scored, strict=True)
    }
    return Side(name, asked, len(run.failed))


def digest(question: Question) -> str:
    """Twelve hex digits that change with the question or anything that it is judged by."""
    judged: dict[str, Any] = question.to_json()
    kept = {key: judged[key] for key in ("question", "answerable", "answers", "doc_ids", "evidence", "history")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:12]


def distrust(before: Side, after: Side) -> str:
    """Why the two sides cannot be compared, "" when they can."""
    for side in (before, after):
        if side.failed:
            return f"{side.failed} questions of {side.name} failed; see `error` in its answers.jsonl."
    old, new = before.asked, after.asked
    added, removed = [i for i in new if i not in old], [i for i in old if i not in new]
    edited = [i for i in new if i in old and new[i].gold != old[i].gold]
    parts = [
        f"{len(ids)} {what} ({', '.join(ids[:3])}{', …' if len(ids) > 3 else ''})"
        for ids, what in ((added, "added"), (removed, "removed"), (edited, "edited"))
        if ids
    ]
    return f"the questions of {after.name} are not those of {before.name}: {', '.join(parts)}." if parts else ""


def compare_sides(before: Side, after: Side, tolerances: Mapping[str, float] | None = None) -> Comparison:
    """Compare two sides that `distrust` has nothing against.

    A metric is a fault where the 95 % interval of its paired difference lies wholly on the worse side of zero, or where
    it dropped by more than its tolerance; `tolerances` replace those of the catalogue. Quotes exact must be 1.
    """
    allowed = {name: metric.tolerance for name, metric in METRICS.items()} | dict(tolerances or {})
    ids = list(after.asked)
    old, new = (Table([side.asked[i].scored for i in ids]) for side in (before, after))
    differences = tuple(found for name in METRICS if (found := compare(old, new, name)) is not None)
    faults = [Fault(found, reason) for found in differences if (reason := _reason(found, allowed[found.metric]))]
    faults.sort(key=lambda fault: STEPS.index(METRICS[fault.difference.metric].step))
    turned = [Turned(i, after.asked[i].question, before.asked[i], after.asked[i]) for i in ids]
    turned.sort(key=lambda item: -item.after.scored.confidence)
    return Comparison(
        before,
        after,
        differences,
        tuple(faults),
        lost=tuple(item for item in turned if item.before.scored.right and not item.after.scored.right),
        gained=tuple(item for item in turned if item.after.scored.right and not item.before.scored.right),
    )


def _reason(found: Difference, tolerance: float) -> str:
    if found.metric == "quotes_exact":
        return "must be 1" if found.after < 1 else ""
    if -found.gain < SMALLEST_DROP:
        return ""
    if found.significant and found.gain < 0:
        return "significant"
    # Rounded: a drop of exactly the tolerance is allowed, and 0.93 - 0.90 is a little more than 0.03 in binary.
    return "beyond tolerance" if round(-found.gain, 9) > tolerance else ""
