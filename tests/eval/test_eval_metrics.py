"""Which metric applies to which question, and what a failed question counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from eval.answers import Record, Retrieved
from eval.catalogue import METRICS
from eval.gold import Gold
from eval.metrics import Table, score
from tests.eval.records import abstained, answered, gold


def test_a_right_answer() -> None:
    values = score(gold(1), answered(1)).values
    per_question = {name for name, metric in METRICS.items() if metric.kind != "set"}
    assert per_question - set(values) == {"answer_recall"}  # the accepted answer is short
    lower = {"exact_match": 0, "token_f1": 2 * 1 / (4 + 1)}  # "bridge opened in 1931" against "1931"
    assert values == pytest.approx(dict.fromkeys(values, 1.0) | lower)


def test_the_short_answer_is_what_exact_match_looks_at() -> None:
    values = score(gold(1), replace(answered(1), short_answer="in 1931")).values
    assert values["exact_match"] == 0
    assert values["token_f1"] == pytest.approx(2 / 3)
    assert score(gold(1), replace(answered(1), short_answer="1931")).values["exact_match"] == 1


def test_an_abstention_on_an_answerable_question_is_wrong_and_cites_nothing() -> None:
    values = score(gold(1), abstained(1)).values
    assert "citation_precision" not in values
    assert "quotes_exact" not in values
    zero = ("right", "answered", "answer_contained", "token_f1", "citation_recall", "evidence_first", "evidence_hit@10")
    assert [values[name] for name in zero] == [0] * len(zero)
    closest = Retrieved("bridge", 90, 200, 0.5)
    assert score(gold(1), replace(abstained(1), closest=closest)).values["evidence_first"] == 1


def test_an_unanswerable_question_is_judged_by_its_abstention_alone() -> None:
    assert score(gold(1, answerable=False), abstained(1)).values == {"right": 1}
    assert score(gold(1, answerable=False), answered(1)).values == {"right": 0, "quotes_exact": 1}


def test_an_unproved_or_missing_quote_is_not_exact() -> None:
    record = answered(1)
    wrong = replace(record, citations=(replace(record.citations[0], matches=False),))
    assert score(gold(1), wrong).values["quotes_exact"] == 0
    assert score(gold(1), replace(record, citations=())).values["quotes_exact"] == 0


def test_a_failed_question_counts_as_wrong_in_all_that_applies() -> None:
    failed = Record("q1", "", None, False, 0.0, error="broken")
    found = score(gold(1), failed)
    assert found.failed
    assert not found.abstained
    assert found.values["citation_precision"] == 0
    assert set(found.values.values()) == {0.0}
    assert score(gold(1, answerable=False), replace(failed, abstained=True)).values["right"] == 0


LONG = "It was opened by the mayor of the town in the spring of the year before the great flood."


def without_evidence(item: Gold) -> Gold:
    return Gold(replace(item.question, evidence=()), ())


def test_right_is_judged_by_the_strongest_gold_there_is() -> None:
    long = gold(1, answers=(LONG,))
    assert score(long, answered(1)).right  # its evidence is cited
    assert not score(long, answered(1, start=400)).right
    assert "answer_contained" not in score(long, answered(1)).values
    assert score(without_evidence(long), answered(1, text="opened by the mayor of the town before the flood")).right
    assert not score(without_evidence(long), answered(1, text="nobody knows")).right
    only_document = without_evidence(gold(1, answers=()))
    assert score(only_document, answered(1, start=900)).right
    assert "right" not in score(Gold(replace(only_document.question, doc_ids=()), ()), answered(1)).values


def test_set_metrics_are_taken_over_the_rows_asked_for() -> None:
    table = Table(
        [score(gold(0, answerable=False), abstained(0)), score(gold(1), answered(1)), score(gold(2), abstained(2))]
    )
    precision = table.whole("abstention_precision")
    assert precision(np.array([0, 1, 2])) == pytest.approx(1 / 2)
    assert precision(np.array([0, 0, 2])) == pytest.approx(2 / 3)
    assert np.isnan(precision(np.array([1, 2])))
    assert np.isnan(table.column("answered")).tolist() == [True, False, False]
