"""A run or a comparison as Markdown, for the summary of a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from eval.catalogue import METRICS
from eval.compare import Comparison, Turned
from eval.stats import Difference

SHOWN_QUESTIONS = 20
SHOWN_CHARACTERS = 300

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@:])")


def plain(text: str) -> str:
    """Text of a document or an answer as Markdown that shows it and does nothing else: no link, mention or tag."""
    shown = text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
    return _SPECIAL.sub(r"\\\1", " ".join(shown.split()))


def run_summary(summary: dict[str, Any], why: str) -> str:
    """A run alone: every metric with its interval."""
    lines = [plain(why), "", "| Metric | Value | 95 % interval | Questions |", "| --- | ---: | :---: | ---: |"]
    lines += [
        f"| {METRICS[name].title} | {row['value']:.3f} | {row['low']:.3f} to {row['high']:.3f} | {row['questions']} |"
        for name, row in summary["metrics"].items()
        if name in METRICS
    ]
    if total := summary["latency_ms"].get("total"):
        lines += ["", f"An answer took {total['p50']:.0f} ms (median), {total['p95']:.0f} ms (95th percentile)."]
    return "\n".join(lines) + "\n"


def comparison_summary(found: Comparison, why: str) -> str:
    """A verdict with every metric before and after, and the questions that turned."""
    faults = {fault.difference.metric: fault.reason for fault in found.faults}
    mark = "❌" if found.faults else "✅"
    lines = [
        f"### {mark} Answers on {len(found.after.asked)} gold questions",
        "",
        plain(why),
        "",
        "| Metric | Before | After | Difference | 95 % interval | McNemar p | |",
        "| --- | ---: | ---: | ---: | :---: | ---: | --- |",
        *(_metric_row(item, faults.get(item.metric)) for item in found.differences),
        "",
    ]
    lines += _turned("From right to wrong", found.lost) + _turned("From wrong to right", found.gained)
    return "\n".join(lines)


def _metric_row(found: Difference, fault: str | None) -> str:
    word = f"**{fault}**" if fault else "better" if found.significant and found.gain > 0 else ""
    p_value = "" if found.p_value is None else f"{found.p_value:.3f}"
    return (
        f"| {METRICS[found.metric].title} | {found.before:.3f} | {found.after:.3f} | {found.difference:+.3f} "
        f"| {found.low:+.3f} to {found.high:+.3f} | {p_value} | {word} |"
    )


def _turned(title: str, turned: Sequence[Turned]) -> list[str]:
    if not turned:
        return []
    lines = [f"<details><summary>{title}: {len(turned)}</summary>", ""]
    for item in turned[:SHOWN_QUESTIONS]:
        lines += [
            f"- **{plain(item.id)}** {plain(item.question)}",
            f"  - before: {_said(item.before.answer)}",
            f"  - after ({item.after.scored.confidence:.2f} certain): {_said(item.after.answer)}",
        ]
    if len(turned) > SHOWN_QUESTIONS:
        lines.append(f"- and {len(turned) - SHOWN_QUESTIONS} more, in the report")
    return [*lines, "", "</details>", ""]


def _said(answer: str) -> str:
    return plain(answer) or "*abstained*"
