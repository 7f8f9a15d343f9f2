"""Metrics of a whole set of answers: does the program know when it is right? Arrays have one entry a question."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]

CALIBRATION_BINS = 10


def abstention_precision(abstained: Flags, answerable: Flags) -> float:
    """Abstentions on unanswerable questions / abstentions; nan where there is no abstention or nothing unanswerable."""
    total = int(abstained.sum())
    return float((abstained & ~answerable).sum() / total) if total and not answerable.all() else float("nan")


def abstention_recall(abstained: Flags, answerable: Flags) -> float:
    """Abstentions on unanswerable questions / unanswerable questions; nan where there are none."""
    total = int((~answerable).sum())
    return float((abstained & ~answerable).sum() / total) if total else float("nan")


def abstention_f1(abstained: Flags, answerable: Flags) -> float:
    """2·TP / (2·TP + FP + FN) with "abstains" as the positive class; nan where nothing is unanswerable."""
    true_positive = int((abstained & ~answerable).sum())
    false_positive = int((abstained & answerable).sum())
    false_negative = int((~abstained & ~answerable).sum())
    if answerable.all():
        return float("nan")
    return 2 * true_positive / (2 * true_positive + false_positive + false_negative)


def risk_coverage(confidence: Numbers, right: Flags, abstained: Flags) -> tuple[Numbers, Numbers]:
    """The risk-coverage curve: coverages i/n and the share of wrong ones among the i most certain answers, i = 1..n.

    El-Yaniv and Wiener (2010), "On the Foundations of Noise-free Selective Classification". The answers come first, by
    falling confidence. A question that the program abstained on comes after them and counts as wrong once it is
    covered: an unanswerable one cannot be answered rightly, and of an answerable one the answer is not known. So the
    curve spans all coverages and two runs are comparable. Among equal confidences errors are spread evenly: their order
    means nothing.
    """
    wrong = (~right | abstained).astype(np.float64)
    rank = np.where(abstained, -1.0, confidence)
    order = np.argsort(-rank, kind="stable")
    _, group, sizes = np.unique(-rank[order], return_inverse=True, return_counts=True)
    spread = np.bincount(group, weights=wrong[order]) / sizes
    covered = np.arange(1, len(order) + 1)
    return covered / len(order), np.cumsum(spread[group]) / covered


def area_under_risk_coverage(confidence: Numbers, right: Flags, abstained: Flags) -> float:
    """The mean of the curve's risks over all coverages, lower is better.

    Geifman et al. (2019), "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers", section 2.
    """
    return float(risk_coverage(confidence, right, abstained)[1].mean()) if len(right) else float("nan")


def expected_calibration_error(confidence: Numbers, right: Flags, abstained: Flags) -> float:
    """Σ over 10 bins of equal width of (answers in the bin / answers) · |share right - mean confidence|.

    Guo et al. (2017), "On Calibration of Modern Neural Networks", equation 3, over the questions that were answered;
    nan where none was. Bins are [0, .1), … [.9, 1].
    """
    answered = ~abstained
    total = int(answered.sum())
    if not total:
        return float("nan")
    bins = np.minimum((confidence[answered] * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=right[answered] - confidence[answered], minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / total)
