"""The summary of a run: what was measured, on what, with which settings, and every metric with its interval."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from eval.answers import Record
from eval.catalogue import METRICS
from eval.metrics import Scored, Table, groups
from eval.stats import LEVEL, RESAMPLES, SEED, compare, estimate
from qa import AnswerChain, UpdateReport

FOLLOW_UP_METRICS = ("right", "answered", "evidence_first", "evidence_hit@5", "document_hit@5")
LIBRARIES = ("docqa", "numpy", "onnxruntime", "faiss-cpu", "tokenizers", "langchain-core", "sentencex", "scikit-learn")


def describe(
    chain: AnswerChain, gold_file: Path, questions: int, indexed: UpdateReport, seconds: float
) -> dict[str, Any]:
    """What a run was made with; `seconds` is the wall time that all questions took."""
    return {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "gold": {
            "file": str(gold_file),
            "sha256": hashlib.sha256(gold_file.read_bytes()).hexdigest(),
            "questions": questions,
        },
        "corpus": {
            "folder": str(chain.config.corpus),
            "documents": indexed.documents,
            "passages": indexed.chunks,
            "left_out": [{"uri": item.uri, "reason": item.reason} for item in indexed.left_out],
            "changed": indexed.added + indexed.changed + indexed.moved + indexed.deleted,
            "seconds_to_index": round(indexed.seconds, 3),
        },
        "seconds_to_answer_all": round(seconds, 3),
        "models": dict(chain.models),
        "settings": chain.config.model_dump(mode="json", exclude={"chat"}),
        "versions": {"python": platform.python_version(), **_versions()},
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "processor": _processor(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        },
        "statistics": {"level": LEVEL, "resamples": RESAMPLES, "seed": SEED, "method": "percentile bootstrap"},
    }


def summarise(
    scored: Sequence[Scored], records: Sequence[Record], without_history: Sequence[Scored] = ()
) -> dict[str, Any]:
    """All metrics overall, by type and by document, the latencies, and what the history is worth to the follow-ups."""
    return {
        "failed": sum(row.failed for row in scored),
        "metrics": estimates(scored),
        "latency_ms": latencies(records),
        "by_type": {label: estimates(rows) for label, rows in groups(scored, lambda row: [row.type or "none"]).items()},
        "by_document": {
            label: {"questions": len(rows), "right": round(float(np.mean([row.right for row in rows])), 6)}
            for label, rows in groups(scored, lambda row: row.doc_ids).items()
        },
        "without_history": _without_history(scored, without_history),
    }


def estimates(scored: Sequence[Scored]) -> dict[str, dict[str, float | int]]:
    """Every metric that applies to at least one of the questions, with its interval and its number of questions."""
    table = Table(scored)
    found = {name: estimate(table, name) for name in METRICS}
    return {name: value.to_json() for name, value in found.items() if value is not None}


def latencies(records: Sequence[Record]) -> dict[str, dict[str, float | int]]:
    """Median and 95th percentile of every step in milliseconds, over the questions that did not fail."""
    steps: dict[str, list[float]] = {}
    for record in records:
        if not record.error:
            for step, seconds in record.timings_s.items():
                steps.setdefault(step, []).append(1000 * seconds)
    return {
        step: {
            "p50": round(float(np.quantile(values, 0.5)), 3),
            "p95": round(float(np.quantile(values, 0.95)), 3),
            "questions": len(values),
        }
        for step, values in steps.items()
    }


def _without_history(scored: Sequence[Scored], alone: Sequence[Scored]) -> dict[str, Any]:
    """The follow-ups asked with and without their history; `difference` is with - without."""
    if not alone:
        return {}
    ids = {row.id for row in alone}
    after, before = Table([row for row in scored if row.id in ids]), Table(alone)
    found = {name: compare(before, after, name) for name in FOLLOW_UP_METRICS}
    return {
        name: {
            "with": round(value.after, 6),
            "without": round(value.before, 6),
            "difference": round(value.difference, 6),
            "low": round(value.low, 6),
            "high": round(value.high, 6),
            "questions": value.questions,
        }
        for name, value in found.items()
        if value is not None
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as handle:
            names = [line.split(":", 1)[1].strip() for line in handle if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or "unknown"
