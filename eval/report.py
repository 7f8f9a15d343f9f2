"""A run as one self-contained HTML page. Answers and documents are untrusted: the template escapes, the script writes
text nodes only, and the page's own policy forbids every connection and every script but its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from eval.catalogue import METRICS
from eval.charts import Curve, curve_of, latency_bars
from eval.compare import Asked, Comparison, Side
from eval.gold import Gold
from eval.metrics import Scored
from eval.saved import Run

HEADLINES = ("right", "answer_contained", "evidence_first", "evidence_hit@5", "abstention_f1", "quotes_exact")
BREAKDOWN = ("right", "answer_contained", "evidence_first", "evidence_hit@5", "citation_precision", "answered")
STEP_TITLES = {
    "all": "Overall",
    "prove": "Proof",
    "retrieve": "Finding passages",
    "abstain": "Knowing when there is no answer",
    "read": "Reading and citing",
    "calibrate": "Confidence",
}
SHOWN_DOCUMENTS = 60


def html_report(run: Run, comparison: Comparison | None = None, why: str = "") -> str:
    """The page. With a comparison it shows the run before beside this one; `why` is the gate's one line."""
    environment = Environment(
        loader=PackageLoader("eval"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    before = comparison.before if comparison else None
    # The page's own script and style, the only markup that is not escaped.
    script, style = (Markup(environment.get_template(name).render()) for name in ("report.js", "report.css"))  # noqa: S704
    return environment.get_template("report.html").render(
        run=run,
        summary=run.summary,
        metrics=METRICS,
        headlines=[name for name in HEADLINES if name in run.summary["metrics"]],
        breakdown=[name for name in BREAKDOWN if name in run.summary["metrics"]],
        steps=_steps(run.summary["metrics"]),
        documents=_documents(run.summary["by_document"]),
        more_documents=max(0, len(run.summary["by_document"]) - SHOWN_DOCUMENTS),
        curves=_curves(run.scored, before),
        latencies=latency_bars(run.summary["latency_ms"]),
        comparison=comparison,
        differences={found.metric: found for found in comparison.differences} if comparison else {},
        faults={fault.difference.metric: fault.reason for fault in comparison.faults} if comparison else {},
        why=why,
        data=_data(run, before),
        style=style,
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def outcome(scored: Scored) -> str:
    """What became of a question, in two or three words."""
    if scored.failed:
        return "failed"
    if scored.abstained:
        return "abstained in error" if scored.answerable else "rightly abstained"
    if not scored.answerable:
        return "answered in error"
    return "right" if scored.right else "wrong"


def _steps(found: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [
        (title, names)
        for step, title in STEP_TITLES.items()
        if (names := [name for name, metric in METRICS.items() if metric.step == step and name in found])
    ]


def _documents(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(found.items(), key=lambda item: (item[1]["right"], -item[1]["questions"]))[:SHOWN_DOCUMENTS]


def _curves(scored: Sequence[Scored], before: Side | None) -> list[Curve]:
    curves = [curve_of("this run", scored)]
    if before is not None:
        curves.append(curve_of("before", [asked.scored for asked in before.asked.values()]))
    return curves


def _data(run: Run, before: Side | None) -> dict[str, Any]:
    """What the table of questions shows, as plain values; every passage once, named by its position."""
    positions = {key: number for number, key in enumerate(run.passages)}
    return {
        "passages": [
            {"doc": doc_id, "start": start, "text": text} for (doc_id, start, _), text in run.passages.items()
        ],
        "metrics": {name: metric.title for name, metric in METRICS.items()},
        "questions": [
            _question(run, number, item, positions, before.asked.get(item.question.id) if before else None)
            for number, item in enumerate(run.gold)
        ],
    }


def _question(
    run: Run, number: int, item: Gold, positions: dict[tuple[str, int, int], int], before: Asked | None
) -> dict[str, Any]:
    question, record, scored = item.question, run.records[number], run.scored[number]
    return {
        "id": question.id,
        "type": question.type or "none",
        "question": question.question,
        "history": [[message.role, message.text] for message in question.history],
        "answers": question.answers,
        "documents": question.doc_ids,
        "evidence": question.evidence,
        "places": [[span.doc_id, span.start, span.end] for quote in item.quotes for span in quote.spans],
        "outcome": outcome(scored),
        "good": scored.right,
        "confidence": scored.confidence,
        "answer": record.answer,
        "short": record.short_answer,
        "searched": record.searched,
        "reason": record.reason,
        "error": record.error,
        "citations": [
            [cited.n, cited.uri, cited.start, cited.before, cited.quote, cited.after, cited.matches, cited.doc_id]
            for cited in record.citations
        ],
        "passages": [
            [positions.get((hit.doc_id, hit.start, hit.end), -1), hit.score, hit.parts] for hit in record.retrieved
        ],
        "values": scored.values,
        "milliseconds": {step: round(1000 * seconds, 1) for step, seconds in record.timings_s.items()},
        "before": before
        and {
            "answer": before.answer,
            "outcome": outcome(before.scored),
            "good": before.scored.right,
            "confidence": before.scored.confidence,
        },
    }
