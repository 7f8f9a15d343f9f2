"""The fit of a reader's ranking and confidence, on candidates whose right one is known."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from qa.train.asked import Asked, with_share
from qa.train.fit import calibration_error, choose_threshold, fit


def asked_questions(count: int, seed: int) -> list[Asked]:
    """The right candidate is a little ahead of four others, and how high they all are says nothing.

    Every fifth question has no right one.
    """
    rng = random.Random(seed)
    questions = []
    for number in range(count):
        level = rng.uniform(-1, 1)
        right = [i == number % 4 and number % 5 > 0 for i in range(5)]
        features = [{"height": level + 0.5 * is_right, "noise": rng.gauss(0, 1)} for is_right in right]

        def answer_features(scores: Sequence[float]) -> dict[str, float]:
            return {"best": max(scores)}

        questions.append(Asked("squad", f"article {number}", any(right), features, right, answer_features))
    return questions


def test_the_ranking_prefers_the_right_one_among_those_of_its_question() -> None:
    rank, _ = fit(asked_questions(200, seed=1), ("height", "noise"), ("best",))
    for question in asked_questions(50, seed=2):
        scores = [rank(features) for features in question.features]
        assert question.right[int(np.argmax(scores))] or not question.answerable


def test_the_probabilities_are_those_of_a_right_candidate() -> None:
    questions = asked_questions(200, seed=1)
    rank, answer = fit(questions, ("height", "noise"), ("best",))
    scores = [[rank(features) for features in question.features] for question in questions]
    # Four of five questions have a right one among five candidates, and it is always the best.
    assert np.mean(scores) == pytest.approx(4 / 5 / 5, abs=0.01)
    assert np.mean([answer({"best": max(s)}) for s in scores]) == pytest.approx(4 / 5, abs=0.01)


def test_the_threshold_is_where_an_answer_is_as_likely_right_as_there_is_none() -> None:
    rng = np.random.default_rng(5)
    confidence = rng.uniform(0.02, 0.98, 20_000)
    drawn = rng.uniform(size=confidence.size)
    right = drawn < confidence
    # The log odds of no answer are half below those of a wrong one: they meet those of a right one at -1/4.
    odds = np.log(confidence / (1 - confidence))
    answerable = drawn < 1 - 1 / (1 + np.exp(odds + 0.5))
    assert choose_threshold(confidence, right, answerable) == pytest.approx(1 / (1 + np.exp(0.25)), abs=0.01)
    assert choose_threshold(confidence, np.zeros(confidence.size, bool), answerable) == 1.0
    assert choose_threshold(confidence, right, np.ones(confidence.size, bool)) == 0.0


def test_the_calibration_error_in_closed_form() -> None:
    # One bin holds .95 twice with one of two right, another .1 with none: .45 * 2/3 + .1 * 1/3.
    confidence, right = np.array([0.95, 0.95, 0.1]), np.array([True, False, False])
    assert calibration_error(confidence, right) == pytest.approx(0.45 * 2 / 3 + 0.1 / 3)


def test_the_share_without_an_answer_is_met_or_left_as_it_is() -> None:
    asked = asked_questions(100, seed=1)
    kept = with_share(asked, 1 / 11, seed=1)
    assert sum(a.answerable for a in kept) == 80 and len(kept) == 88
    assert kept == [a for a in asked if a in kept]
    assert with_share(asked, 0.5, seed=1) == asked
