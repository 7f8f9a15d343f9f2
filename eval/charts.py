"""The numbers behind the report's charts, already in the units of their drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eval.metrics import Scored, Table
from eval.trust_metrics import area_under_risk_coverage, risk_coverage

WIDTH, HEIGHT = 560, 260
POINTS = 400


@dataclass(frozen=True, slots=True)
class Curve:
    """A risk-coverage curve as the points of an SVG polyline on a WIDTH by HEIGHT field.

    `coverage` is the share of questions that the program answered, where its own threshold lies, `risk` the share of
    wrong ones among these.
    """

    name: str
    points: str
    area: float
    coverage: float
    risk: float


def curve_of(name: str, scored: Sequence[Scored]) -> Curve:
    """The risk-coverage curve of some questions, thinned to a few hundred points."""
    table = Table(scored)
    coverage, risk = risk_coverage(table.confidence, table.right, table.abstained)
    step = max(1, len(coverage) // POINTS)
    kept = sorted({*range(0, len(coverage), step), len(coverage) - 1})
    answered = int((~table.abstained).sum())
    return Curve(
        name=name,
        points=" ".join(f"{coverage[i] * WIDTH:.1f},{(1 - risk[i]) * HEIGHT:.1f}" for i in kept),
        area=area_under_risk_coverage(table.confidence, table.right, table.abstained),
        coverage=answered / len(table),
        risk=float(risk[answered - 1]) if answered else 0.0,
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """One step's latency: milliseconds, and per cent of the longest bar."""

    step: str
    p50: float
    p95: float
    p50_width: float
    p95_width: float


def latency_bars(latencies: dict[str, Any]) -> list[Bar]:
    """One bar a step, in the order of the steps; the longest 95th percentile fills the width."""
    longest = max((row["p95"] for row in latencies.values()), default=0) or 1
    return [
        Bar(step, row["p50"], row["p95"], 100 * row["p50"] / longest, 100 * row["p95"] / longest)
        for step, row in latencies.items()
    ]
