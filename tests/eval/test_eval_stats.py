"""Intervals and paired tests: seeded, and right where the answer is known."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from eval.metrics import Scored, Table
from eval.stats import compare, estimate, mcnemar


def table(rights: str, confidence: float = 0.5) -> Table:
    return Table(
        [
            Scored(f"q{n}", "", (), True, False, confidence, False, {"right": float(mark)})
            for n, mark in enumerate(rights)
        ]
    )


def test_an_interval_is_close_to_the_binomial_one_and_repeats_itself() -> None:
    found = estimate(table("1100111001" * 20), "right")
    assert found is not None
    assert found == estimate(table("1100111001" * 20), "right")
    error = 1.96 * np.sqrt(0.6 * 0.4 / 200)
    assert [found.value, found.questions] == pytest.approx([0.6, 200])
    assert [found.low, found.high] == pytest.approx([0.6 - error, 0.6 + error], abs=0.01)


def test_a_metric_that_applies_to_nothing_has_no_value() -> None:
    assert estimate(table("11"), "token_f1") is None
    assert estimate(table("11"), "abstention_f1") is None


def test_pairs_see_what_two_intervals_cannot() -> None:
    before, after = "1" * 60 + "0" * 40, "1" * 68 + "0" * 32
    found = compare(table(before), table(after), "right")
    assert found is not None
    assert (found.lost, found.gained) == (0, 8)
    assert found.difference == pytest.approx(0.08)
    assert found.significant
    assert found.gain > 0
    one, other = estimate(table(before), "right"), estimate(table(after), "right")
    assert one is not None
    assert other is not None
    assert one.high > other.low  # the two intervals alone overlap


def test_the_same_run_twice_differs_by_nothing() -> None:
    found = compare(table("1010"), table("1010"), "aurc")
    assert found is not None
    assert (found.difference, found.low, found.high, found.significant) == (0, 0, 0, False)


def test_lower_is_better_turns_the_gain() -> None:
    found = compare(table("1100"), table("0000"), "aurc")
    assert found is not None
    assert found.difference == pytest.approx(0.5)
    assert found.gain == pytest.approx(-0.5)


def test_other_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="same questions"):
        compare(table("11"), table("111"), "right")


@pytest.mark.parametrize(
    ("lost", "gained", "p_value"), [(0, 0, 1), (0, 1, 1), (0, 5, 2 / 2**5), (1, 5, 2 * 7 / 2**6), (5, 5, 1)]
)
def test_mcnemar(lost: int, gained: int, p_value: float) -> None:
    """By hand: twice the share of the binomial's tail, at most 1. For (1, 5): C(6,0) + C(6,1) = 7 of 2**6."""
    assert mcnemar(lost, gained) == pytest.approx(p_value)


def test_the_interval_of_a_mean_is_that_of_scipy() -> None:
    """Scipy draws other samples: the ends agree to a tenth of the interval's width."""
    values = [float(mark) for mark in "1100111001" * 10]
    found = estimate(table("1100111001" * 10), "right")
    assert found is not None
    expected = importlib.import_module("scipy.stats").bootstrap((values,), np.mean, method="percentile", rng=1)
    width = found.high - found.low
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=width / 10)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=width / 10)
