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
        ("Visitors may leave the park at dusk.", "Visitors must leave the park at dusk."),
        ("Dogs were allowed on the beach.", "Dogs are allowed on the beach."),
        ("Entry costs £5.", "Entry costs €5."),
        ("The cellar is kept at -5 degrees.", "The cellar is kept at 5 degrees."),
    ],
)
def test_a_small_word_or_a_sign_can_turn_a_statement(one: str, other: str) -> None:
    assert compare(one, "", other, "", "other") != "repeats"
    assert compare(one, "", f"“{one.upper()}”".replace("THE ", ""), "", "other") == "repeats"


@pytest.mark.parametrize(
    ("first", "span", "second", "other_span"),
    [
        ("The pier at Oban was built in 1880.", "1880", "The pier at Dunoon was built in 1898.", "1898"),
        ("A ticket cost 12 crowns in 2024.", "12 crowns", "A ticket costs 14 crowns in 2025.", "14 crowns"),
        ("In July it had 310 members.", "310", "The club had 290 members in December.", "290"),
        ("The library opens at 9.", "9", "The library closes at 5.", "5"),
        ("The pool is 3 metres deep.", "3 metres", "The pool is 25 metres long.", "25 metres"),
        ("The office is 340 metres away.", "340 metres", "The office is at 7 Ropewalk Lane.", "7"),
        ("Skarn has 1,345 people.", "1,345", "Skarn has 203 Danish residents.", "203"),
        ("Filming began on 3 March.", "3 March", "Filming concluded on 5 June.", "5 June"),
        ("Filming of season 1 in Oban began in 2015.", "2015", "Filming of season 1 in Oban ended in 2016.", "2016"),
        ("The fee for a small case is 30 pounds.", "30", "No small case may have a fee of 90 pounds.", "90"),
    ],
)
def test_sentences_about_two_things_do_not_contradict_each_other(
    first: str, span: str, second: str, other_span: str
) -> None:
    assert compare(first, span, second, other_span, "other") == "unrelated"


@pytest.mark.parametrize(
    ("first", "span", "second", "other_span"),
    [
        ("At least 43 people were killed, police in Oban said.", "43", "The blast killed 45 people.", "45"),
        ("The bridge opened on 3 May 1901.", "3 May 1901", "The Oban bridge opened in 1903, to traffic.", "1903"),
    ],
)
def test_a_detail_that_only_one_of_them_has_does_not_hide_a_contradiction(
    first: str, span: str, second: str, other_span: str
) -> None:
    assert compare(first, span, second, other_span, "other") == "contradicts"


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
