"""Abstention, risk-coverage and calibration against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eval.trust_metrics import (
    abstention_f1,
    abstention_precision,
    abstention_recall,
    area_under_risk_coverage,
    expected_calibration_error,
    risk_coverage,
)


def flags(pattern: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([mark == "1" for mark in pattern])


NONE = flags("0000")


def test_abstention_counts() -> None:
    #            TP FP FN TN TP
    abstained = flags("11001")
    answerable = flags("01010")
    assert abstention_precision(abstained, answerable) == pytest.approx(2 / 3)
    assert abstention_recall(abstained, answerable) == pytest.approx(2 / 3)
    assert abstention_f1(abstained, answerable) == pytest.approx(4 / 6)


def test_abstention_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import precision_recall_fscore_support

    generator = np.random.default_rng(0)
    abstained, answerable = generator.random(200) < 0.3, generator.random(200) < 0.6
    expected = precision_recall_fscore_support(~answerable, abstained, average="binary")[:3]
    found = [measure(abstained, answerable) for measure in (abstention_precision, abstention_recall, abstention_f1)]
    assert found == pytest.approx(expected)


def test_abstention_does_not_apply_without_unanswerable_questions() -> None:
    for measure in (abstention_precision, abstention_recall, abstention_f1):
        assert math.isnan(measure(flags("0110"), flags("1111")))
    assert math.isnan(abstention_precision(NONE, flags("0011")))
    assert abstention_recall(NONE, flags("0011")) == 0


def test_risk_coverage_curve() -> None:
    confidence = np.array([0.9, 0.6, 0.8, 0.7])
    coverage, risk = risk_coverage(confidence, flags("1001"), NONE)
    # By confidence: right, wrong (.8), right (.7), wrong (.6).
    assert coverage == pytest.approx([0.25, 0.5, 0.75, 1])
    assert risk == pytest.approx([0, 1 / 2, 1 / 3, 2 / 4])
    assert area_under_risk_coverage(confidence, flags("1001"), NONE) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_equal_confidences_share_their_errors() -> None:
    confidence = np.array([0.5, 0.5, 0.5, 0.5])
    for right in ("1100", "0011", "0101"):
        assert risk_coverage(confidence, flags(right), NONE)[1] == pytest.approx([0.5, 0.5, 0.5, 0.5])


def test_abstentions_come_last_and_count_as_wrong() -> None:
    _, risk = risk_coverage(np.array([0.2, 0.9]), flags("11"), flags("01"))
    assert risk == pytest.approx([0, 0.5])


def test_calibration_error() -> None:
    # Bin [.8, .9): .8 and .88, one right: |.5 - .84| of 2/4. Bin [.2, .3): .2 and .24, none right: .22 of 2/4.
    confidence = np.array([0.8, 0.88, 0.2, 0.24])
    assert expected_calibration_error(confidence, flags("1000"), NONE) == pytest.approx(0.5 * 0.34 + 0.5 * 0.22)
    assert expected_calibration_error(np.array([1.0]), flags("1"), flags("0")) == 0
    assert math.isnan(expected_calibration_error(np.array([1.0]), flags("1"), flags("1")))
