"""How two sentences relate: numbers, days, groups and rows of tables."""

from __future__ import annotations

import pytest

from qa.second_source import compare


@pytest.mark.parametrize(
    ("one", "other", "relation"),
    [
        ("£1.20", "£1.60", "contradicts"),
        ("6:30", "7:30", "contradicts"),
        ("2,000", "3,000", "contradicts"),
        ("4 May 2014", "9 May 2014", "contradicts"),
        ("2014", "9 May 2014", "unrelated"),
        ("9", "9:00", "unrelated"),
        ("1,000", "1000", "unrelated"),
    ],
)
def test_numbers_are_compared_whole(one: str, other: str, relation: str) -> None:
    first, second = f"An hour on the quay is {one}.", f"An hour on the quay: {other}, says the board."
    assert compare(first, one, second, other, "other") == relation


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Dogs are allowed on the beach.", "Dogs are not allowed on the beach."),
        ("The pool opens before nine.", "The pool opens after nine."),
        ("All dogs are allowed.", "No dogs are allowed."),
    ],
)
def test_a_small_word_can_turn_a_statement(one: str, other: str) -> None:
    assert compare(one, "", other, "", "other") != "repeats"
    assert compare(one, "", one.replace("are", "were"), "", "other") == "repeats"


def test_sentences_about_different_days_or_groups_do_not_contradict_each_other() -> None:
    first, second = "On Sundays the pool opens at 9:00.", "On weekdays the pool opens at 7:00."
    assert compare(first, "9:00", second, "7:00", "time") == "unrelated"
    again = "On Sundays the pool opens at 10:00."
    assert compare(first, "9:00", again, "10:00", "time") == "contradicts"
    one, many = "A child ticket costs 90 crowns.", "Children's tickets cost 95 crowns."
    assert compare(one, "90", many, "95", "number") == "contradicts"


def test_rows_of_one_table_do_not_contradict_each_other() -> None:
    first, second = "Stop: Skarn | First: 6:10 | Last: 21:40", "Stop: Vell | First: 7:10 | Last: 22:40"
    assert compare(first, "6:10", second, "7:10", "time") == "unrelated"
    assert compare(first, "6:10", first.replace("6:10", "6:25"), "6:25", "time") == "contradicts"


@pytest.mark.parametrize(
    ("other", "span", "kind", "relation"),
    [
        ("The pier was built in 1964 by the town.", "1964", "time", "repeats"),
        ("The pier was built in 1971 by the town.", "1971", "time", "contradicts"),
        ("The library was opened in 1971 by a duke.", "1971", "time", "unrelated"),
        ("The pier was built in 1971 by the town.", "the town", "person", "unrelated"),
    ],
)
def test_how_a_second_source_relates_to_the_first(other: str, span: str, kind: str, relation: str) -> None:
    first = "The pier was built in 1964 by the town."
    assert compare(first, "1964", other, span, kind) == relation  # type: ignore[arg-type]
