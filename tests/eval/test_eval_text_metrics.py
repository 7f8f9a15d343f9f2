"""The answer metrics against numbers worked out by hand; the arithmetic stands beside each case."""

from __future__ import annotations

import pytest

from eval.text_metrics import (
    answer_contained,
    answer_recall,
    exact_match,
    normalise_answer,
    short_answers,
    token_f1,
    without_markers,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Amazon  Rainforest.", "amazon rainforest"),
        ("an apple, a day", "apple day"),
        ("U.S.A.", "usa"),
        ("north-western", "northwestern"),  # punctuation goes without a space, as the published scorer has it
        ("theatre", "theatre"),  # an article is a whole word
        ("“TRT Turk”", "“trt turk”"),  # only ASCII punctuation goes
        ("...", ""),
    ],
)
def test_normalisation(text: str, expected: str) -> None:
    assert normalise_answer(text) == expected


# What the scorer published with SQuAD 2.0 gives for these pairs, worked out from its definition.
PUBLISHED = [
    ("Denver Broncos", ["Denver Broncos"], 1, 1.0),
    ("the Denver Broncos!", ["Denver Broncos", "Broncos"], 1, 1.0),
    ("Denver", ["Denver Broncos"], 0, 2 / 3),  # precision 1/1, recall 1/2
    ("Broncos of Denver won", ["Denver Broncos"], 0, 2 * (2 / 4) * (2 / 2) / (2 / 4 + 2 / 2)),
    ("in 1990 in 1990", ["in 1990"], 0, 2 / 3),  # bags: 2 in common, precision 2/4, recall 2/2
    ("Oslo", ["Bergen", "Oslo or Bergen"], 0, 0.5),  # the best of 0 and 2·1·(1/3)/(4/3)
    ("Oslo", ["Bergen"], 0, 0.0),
    ("", [""], 1, 1.0),  # no answer, rightly
    ("Oslo", [""], 0, 0.0),
    ("", ["Oslo"], 0, 0.0),
    ("the", ["a"], 1, 1.0),  # both normalise to nothing
]


@pytest.mark.parametrize(("answer", "accepted", "exact", "f1"), PUBLISHED)
def test_squad_numbers(answer: str, accepted: list[str], exact: int, f1: float) -> None:
    assert exact_match(answer, accepted) == exact
    assert token_f1(answer, accepted) == pytest.approx(f1)


def test_contained_respects_word_borders() -> None:
    assert answer_contained("It opened in 1973.", ["1973"]) == 1
    assert answer_contained("It opened in 1973.", ["7", "197"]) == 0
    assert answer_contained("The bridge is the longest.", ["a bridge"]) == 1
    assert answer_contained("Anything at all", ["the", "..."]) == 0


def test_markers_are_not_words_of_the_answer() -> None:
    text = without_markers("He saw four ships [1]. Later five [2][3], as note [12] says.", {1, 2, 3})
    assert text == "He saw four ships. Later five, as note [12] says."
    assert answer_contained(text, ["2"]) == 0
    assert answer_contained(text, ["12"]) == 1


def test_answer_recall_counts_a_bag() -> None:
    # Gold tokens: red, red, green, blue. Answer holds red once and blue: 2 of 4.
    assert answer_recall("blue and red", ["Red red green blue"]) == pytest.approx(0.5)
    assert answer_recall("anything", ["the"]) == 0


def test_short_answers_have_at_most_ten_tokens() -> None:
    ten = "one two three four five six seven eight nine ten"
    assert short_answers([ten, "the " + ten, ten + " eleven", "...", "two"]) == [ten, "the " + ten, "two"]
