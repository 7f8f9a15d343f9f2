"""The baseline, and the verdict of the gate: no regression, a regression, or a comparison that cannot be trusted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.catalogue import METRICS
from eval.compare import Asked, Comparison, Side, compare_sides, distrust, side_of
from eval.metrics import Scored
from eval.saved import Run
from qa import EvaluationError

NO_REGRESSION, REGRESSION, NOT_TRUSTED = 0, 1, 2

ABOUT = (
    "The numbers that `python -m eval gate` compares with. Only `gate --accept` writes this file; review its changes."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Exit code, the one line that says why, and the comparison where one could be made."""

    code: int
    why: str
    comparison: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A side that was accepted before, and the drop of each metric that is let pass."""

    side: Side
    tolerances: dict[str, float]


def judge(run: Run, baseline: Baseline) -> Verdict:
    """Compare a run with the baseline."""
    return _verdict(baseline.side, side_of(run, "this run"), baseline.tolerances)


def compare_runs(before: Run, after: Run, before_name: str, after_name: str) -> Verdict:
    """Compare two runs by the rules and tolerances of the gate."""
    return _verdict(side_of(before, before_name), side_of(after, after_name), {})


def _verdict(before: Side, after: Side, tolerances: dict[str, float]) -> Verdict:
    if problem := distrust(before, after):
        return Verdict(NOT_TRUSTED, f"Not comparable: {problem}")
    found = compare_sides(before, after, tolerances)
    if found.faults:
        others = f"; {len(found.faults) - 1} more metrics got worse" if len(found.faults) > 1 else ""
        return Verdict(REGRESSION, f"Regression: {found.faults[0]}{others}.", found)
    right = next((item for item in found.differences if item.metric == "right"), None)
    share = f", right {right.before:.3f} before and {right.after:.3f} now" if right else ""
    return Verdict(NO_REGRESSION, f"No regression over {len(after.asked)} questions{share}.", found)


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        EvaluationError: it is missing or was not written by `gate --accept`.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        asked = {row["id"]: _asked(row) for row in content["questions"]}
        tolerances = {name: float(value) for name, value in content["tolerances"].items()}
    except FileNotFoundError:
        raise EvaluationError(f"There is no baseline {path}. Make one with `python -m eval gate --accept`.") from None
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}.") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvaluationError(f"{path} is not a baseline as `gate --accept` writes it: {error!r}.") from None
    if unknown := tolerances.keys() - METRICS.keys():
        raise EvaluationError(f"{path}: tolerances: there is no metric {min(unknown)!r}.")
    return Baseline(Side(f"the baseline {path}", asked), tolerances)


def write_baseline(run: Run, path: Path, tolerances: dict[str, float] | None = None) -> None:
    """Accept a run as the new baseline; one question a line, so that a review shows which ones changed.

    Raises:
        EvaluationError: the run has failures or a quote that is not exact: no later run could be compared with it.
    """
    side = side_of(run, "this run")
    if side.failed:
        raise EvaluationError(f"{path} stays as it is: {side.failed} questions of this run failed.")
    exact = run.summary["metrics"].get("quotes_exact")
    if exact is not None and exact["value"] < 1:
        raise EvaluationError(f"{path} stays as it is: quotes exact is {exact['value']:.3f} and must be 1.")
    head = {
        "about": ABOUT,
        "accepted": run.summary.get("finished"),
        "gold": run.summary.get("gold"),
        "corpus": run.summary.get("corpus", {}).get("folder"),
        "models": run.summary.get("models"),
        "settings": run.summary.get("settings"),
        "tolerances": {name: metric.tolerance for name, metric in METRICS.items()} | (tolerances or {}),
        "metrics": run.summary["metrics"],
    }
    lines = ",\n".join("    " + json.dumps(_row(item), ensure_ascii=False) for item in side.asked.values())
    text = (
        json.dumps(head, ensure_ascii=False, indent=2).removesuffix("\n}") + f',\n  "questions": [\n{lines}\n  ]\n}}\n'
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _row(asked: Asked) -> dict[str, Any]:
    scored = asked.scored.to_json()
    scored["values"] = asked.scored.values
    return {"id": asked.scored.id, "question": asked.question, "answer": asked.answer, "gold": asked.gold, **scored}


def _asked(row: dict[str, Any]) -> Asked:
    return Asked(row["question"], row["gold"], row["answer"], Scored.from_json(row))
