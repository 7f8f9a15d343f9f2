"""The gate on runs made by hand: what turns it red, what it refuses to judge, and what it says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from eval.compare import compare_sides, side_of
from eval.gate import NO_REGRESSION, NOT_TRUSTED, REGRESSION, judge, read_baseline, write_baseline
from eval.junit import junit
from eval.markdown import comparison_summary, plain
from eval.saved import Run
from qa import EvaluationError
from tests.eval.records import abstained, answered, gold, good_run, run_of


def baseline_of(run: Run, folder: Path) -> Path:
    write_baseline(run, folder / "baseline.json")
    return folder / "baseline.json"


def worse(run: Run, *numbers: int, confidence: float = 0.7) -> Run:
    """The run with these questions answered from the wrong place, without the accepted answer."""
    wrong = {f"q{number}": answered(number, confidence, "Nobody knows.", 600) for number in numbers}
    return run_of(run.gold, [wrong.get(record.id, record) for record in run.records])


def test_the_same_run_passes(tmp_path: Path) -> None:
    run = good_run()
    verdict = judge(run, read_baseline(baseline_of(run, tmp_path)))
    assert verdict.code == NO_REGRESSION
    assert verdict.why == "No regression over 20 questions, right 1.000 before and 1.000 now."


def test_lost_questions_are_named_most_certain_first(tmp_path: Path) -> None:
    run = good_run()
    after = run_of(run.gold, worse(run, 1, 2, 3).records)
    sure = replace(after.records[2], confidence=0.99)
    after = run_of(run.gold, [*after.records[:2], sure, *after.records[3:]])
    verdict = judge(after, read_baseline(baseline_of(run, tmp_path)))
    assert verdict.code == REGRESSION
    assert verdict.comparison is not None
    assert [item.id for item in verdict.comparison.lost] == ["q2", "q1", "q3"]
    first = verdict.comparison.lost[0]
    assert (first.before.answer, first.after.answer) == ("The bridge opened in 1931. [1]", "Nobody knows. [1]")


def test_a_drop_within_tolerance_and_chance_passes_one_beyond_it_does_not() -> None:
    run = good_run(60)
    one = compare_sides(side_of(run, "a"), side_of(worse(run, 1), "b"))
    assert [fault.difference.metric for fault in one.faults] == []
    two = compare_sides(side_of(run, "a"), side_of(worse(run, 1, 2), "b"), {"right": 0.01})
    assert {fault.difference.metric: fault.reason for fault in two.faults}["right"] == "beyond tolerance"
    many = compare_sides(side_of(run, "a"), side_of(worse(run, *range(1, 30)), "b"))
    assert {fault.difference.metric: fault.reason for fault in many.faults}["right"] == "significant"


def test_one_inexact_quote_is_enough(tmp_path: Path) -> None:
    run = good_run(200)
    record = run.records[1]
    broken = replace(record, citations=(replace(record.citations[0], matches=False),))
    after = run_of(run.gold, [run.records[0], broken, *run.records[2:]])
    verdict = judge(after, read_baseline(baseline_of(run, tmp_path)))
    assert verdict.code == REGRESSION
    assert "Quotes exact went from 1.000 to 0.993" in verdict.why
    with pytest.raises(EvaluationError, match=r"quotes exact is 0\.993 and must be 1"):
        write_baseline(after, tmp_path / "baseline.json")


def test_an_inexact_quote_counts_where_the_baseline_abstained(tmp_path: Path) -> None:
    run = good_run(200)
    before = run_of(run.gold, [run.records[0], abstained(1), *run.records[2:]])
    broken = replace(run.records[1], citations=(replace(run.records[1].citations[0], matches=False),))
    after = run_of(run.gold, [run.records[0], broken, *run.records[2:]])
    verdict = judge(after, read_baseline(baseline_of(before, tmp_path)))
    assert verdict.code == REGRESSION
    # 149 of the 150 answers of the new run.
    assert "Quotes exact went from 1.000 to 0.993" in verdict.why


def test_an_inexact_quote_counts_where_the_baseline_only_abstained(tmp_path: Path) -> None:
    questions = [gold(number) for number in range(20)]
    before = run_of(questions, [abstained(number) for number in range(20)])
    broken = replace(answered(1), citations=(replace(answered(1).citations[0], matches=False),))
    after = run_of(questions, [before.records[0], broken, *before.records[2:]])
    verdict = judge(after, read_baseline(baseline_of(before, tmp_path)))
    assert verdict.code == REGRESSION
    assert "Quotes exact went from 1.000 to 0.000" in verdict.why


def test_other_questions_cannot_be_compared(tmp_path: Path) -> None:
    run = good_run()
    path = baseline_of(run, tmp_path)
    fewer = run_of(run.gold[1:], run.records[1:])
    assert judge(fewer, read_baseline(path)).code == NOT_TRUSTED
    assert "1 removed (q0)" in judge(fewer, read_baseline(path)).why
    edited = run_of([run.gold[0], gold(1, answers=("1932",)), *run.gold[2:]], run.records)
    assert "1 edited (q1)" in judge(edited, read_baseline(path)).why


def test_a_run_with_failures_is_neither_judged_nor_accepted(tmp_path: Path) -> None:
    run = good_run()
    failed = run_of(run.gold, [replace(run.records[0], error="broken"), *run.records[1:]])
    assert judge(failed, read_baseline(baseline_of(run, tmp_path))).code == NOT_TRUSTED
    with pytest.raises(EvaluationError, match="1 questions of this run failed"):
        write_baseline(failed, tmp_path / "baseline.json")


def test_the_baseline_is_read_by_people_and_keeps_its_tolerances(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    write_baseline(good_run(), path, {"right": 0.2})
    text = path.read_text("utf-8")
    assert json.loads(text)["tolerances"]["right"] == 0.2
    assert sum('"id": "q' in line for line in text.splitlines()) == 20  # one question a line
    assert read_baseline(path).tolerances["right"] == 0.2


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"questions": [{"id": "a"}], "tolerances": {}}'])
def test_a_damaged_baseline_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "baseline.json"
    with pytest.raises(EvaluationError, match="gate --accept"):
        read_baseline(path)
    path.write_text(content, "utf-8")
    with pytest.raises(EvaluationError, match="is not a baseline"):
        read_baseline(path)


def test_markdown_shows_untrusted_text_and_does_nothing_else() -> None:
    run = good_run()
    after = [
        answered(1, 0.9, "<img src=x> @everyone [x](http://y) | `z`", 600) if r.id == "q1" else r for r in run.records
    ]
    found = compare_sides(side_of(run, "a"), side_of(run_of(run.gold, after), "b"))
    text = comparison_summary(found, "Regression: why.")
    assert r"\<img src=x\> \@everyone \[x\]\(http\://y\) \| \`z\`" in text
    assert "<img" not in text.replace(r"\<img", "")
    assert plain("a\n# b") == r"a \# b"


def test_junit_counts_what_it_holds() -> None:
    run = good_run()
    after = run_of(run.gold, [run.records[0], answered(1, 0.9, "control \x00 <&>", 600), *run.records[2:]])
    root = ElementTree.fromstring(junit(after, compare_sides(side_of(run, "a"), side_of(after, "b"))))  # noqa: S314
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases)
        for kind in ("failure", "error", "skipped"):
            count = suite.attrib["skipped" if kind == "skipped" else kind + "s"]
            assert int(count) == sum(case.find(kind) is not None for case in cases)
    failures = root.findall("./testsuite[@name='questions']/testcase/failure")
    assert len(failures) == 1
    assert "control \N{REPLACEMENT CHARACTER} <&>" in (failures[0].text or "")


def test_an_abstention_that_was_right_and_is_wrong_now_is_shown_as_one() -> None:
    run = good_run()
    after = run_of(run.gold, [answered(0), *run.records[1:]])
    found = compare_sides(side_of(run, "a"), side_of(after, "b"))
    assert [(item.id, item.before.answer) for item in found.lost] == [("q0", "")]
    assert "before: *abstained*" in comparison_summary(found, "")
