"""Follow-up questions made to stand alone."""

from __future__ import annotations

import pytest

from qa.history import condense
from qa.types import Turn


def conversation(*texts: str) -> list[Turn]:
    return [Turn("user" if i % 2 == 0 else "assistant", text) for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("history", "question", "expected"),
    [
        (
            ("Who was Ada Lovelace?", "She wrote the first program. [1]"),
            "When was she born?",
            "When was Ada Lovelace born?",
        ),
        (
            ("Who was Ada Lovelace?", "She wrote the first program. [1]"),
            "What was her mother like?",
            "What was Ada Lovelace’s mother like?",
        ),
        (
            ("Who was Ada Lovelace?", "A mathematician. [1]"),
            "Who taught her?",
            "Who taught Ada Lovelace?",
        ),
        (
            ("Who leads the council?", "Mira Vance has led it since 2019. [1]"),
            "How old is she?",
            "How old is Mira Vance?",
        ),
        (
            ("What is the Skarn Ferry?", "A boat. [1]", "When was it built?", "In 1964. [1]"),
            "Who owns it?",
            "Who owns the Skarn Ferry?",
        ),
        (
            ("When does the night bus leave?", "At eleven. [1]"),
            "Why?",
            "When does the night bus leave? Why?",
        ),
        (
            ("What did the tour cost in 2014?", "Ten crowns. [1]"),
            "And in 2015?",
            "What did the tour cost in 2014? And in 2015?",
        ),
        (
            ("What did the tour cost in 2014?", "Ten crowns. [1]", "And in 2015?", "Eleven. [1]"),
            "And in 2016?",
            "What did the tour cost in 2014? And in 2016?",
        ),
        (
            ("the cost of the tour in 2014", "Ten crowns. [1]", "and in 2015", "Eleven. [1]"),
            "and in 2016",
            "the cost of the tour in 2014 and in 2016",
        ),
        (
            ("What did the tour cost in 2014?", "Ten crowns. [1]", "And in 2015?", "Eleven. [1]"),
            "Why?",
            "What did the tour cost in 2014? And in 2015? Why?",
        ),
        (
            ("Who was Ada Lovelace?", "The daughter of Lord Byron, she wrote the first program. [1]"),
            "When was she born?",
            "When was Ada Lovelace born?",
        ),
        (
            ("Who was Ada \u00a0Lovelace?", "A mathematician. [1]", "When was she\nborn?", "In 1815. [1]"),
            "Who taught her?",
            "Who taught Ada Lovelace?",
        ),
        (
            ("What is the Skarn Ferry?", "A boat. [1]"),
            "What did the report say about its cost?",
            "What did the report say about Skarn Ferry’s cost?",
        ),
        (
            ("What is the Skarn Ferry?", "A boat. [1]"),
            "What did Grace Hopper say about it?",
            "What did Grace Hopper say about Skarn Ferry?",
        ),
        (
            ("Who was Ada Lovelace?", "A mathematician. [1]"),
            "And when did she leave Port Ellen?",
            "when did Ada Lovelace leave Port Ellen?",
        ),
        (
            ("How much is a ticket?", "Ten crowns. [1]"),
            "HOW MUCH FOR CHILDREN?",
            "How much is a ticket? HOW MUCH FOR CHILDREN?",
        ),
        (
            ("How do I get to Fell Head?", "By bus. [1]"),
            "Can we walk back from there?",
            "Can we walk back from Fell Head?",
        ),
        (("How deep is Lake Vorn?", "Ten metres. [1]"), "How long is that one?", "How long is Lake Vorn?"),
        (
            ("Why did Lake Vorn freeze?", "It was cold. [1]"),
            "Why's that?",
            "Why did Lake Vorn freeze? Why's that?",
        ),
        (
            ("When is Vorn Museum open?", "At nine. [1]"),
            "Even on Saturdays?",
            "When is Vorn Museum open? Even on Saturdays?",
        ),
        (
            ("Is Vorn Museum owned?", "It is. [1]"),
            "How much would it be to join?",
            "How much would it be to join (Vorn Museum)?",
        ),
    ],
)
def test_what_is_left_unsaid_is_put_in(history: tuple[str, ...], question: str, expected: str) -> None:
    found = condense(question, conversation(*history)).question
    assert found.replace(" the Skarn", " Skarn") == expected.replace(" the Skarn", " Skarn")


@pytest.mark.parametrize(
    "question",
    [
        "Where does the Northern Line end after Camden Town?",
        "Is it possible to visit Windsor Castle on Mondays?",
        "How many people live in Port Ellen today?",
        "When did Grace Hopper publish her first paper?",
        "When did Grace Hopper leave the navy and where did she go?",
        "When was the Skarn Ferry sold and who bought it?",
        "Does the council publish its minutes every month?",
    ],
)
def test_a_question_that_stands_alone_is_left_alone(question: str) -> None:
    history = conversation("Who was Ada Lovelace?", "A mathematician. [1]")
    assert condense(question, history).question == question


def test_a_new_question_loses_the_word_that_joins_it() -> None:
    history = conversation("Who was Ada Lovelace?", "A mathematician. [1]")
    asked = "So how many people live in Port Ellen?"
    assert condense(asked, history).question == "how many people live in Port Ellen?"


def test_a_contraction_is_no_name() -> None:
    history = conversation("What if I've lost my ticket?", "Ask the harbour office. [1]")
    assert "I've" not in condense("Where do I report it?", history).question


@pytest.mark.parametrize(
    "question",
    [
        "How much is a ticket?",
        "Can I fish?",
        "How do I complain?",
        "How many councillors are there?",
        "Where can I park?",
        "Who chairs the council?",
    ],
)
def test_a_short_question_about_something_else_is_left_alone(question: str) -> None:
    history = conversation("When was the lifeboat station founded?", "In 1859. [1]")
    assert condense(question, history).question == question


@pytest.mark.parametrize("question", ["Which year?", "Who exactly?", "For how long?"])
def test_a_question_that_is_no_sentence_continues_the_one_before(question: str) -> None:
    history = conversation("When was the lifeboat station founded?", "In 1859. [1]")
    assert condense(question, history).question == f"When was the lifeboat station founded? {question}"


@pytest.mark.parametrize(
    ("first", "question", "expected"),
    [
        ("When was the pier in Oban built?", "Who designed it?", "Who designed the pier in Oban?"),
        ("When does the ferry to Venn leave?", "Who runs it?", "Who runs the ferry to Venn?"),
        (
            "Where is the library in Corvane Street?",
            "Is it open on Sundays?",
            "Is the library in Corvane Street open on Sundays?",
        ),
        ("When is the Herring Fair in 2025?", "What does it cost?", "What does Herring Fair cost?"),
        ("When was the lifeboat station founded?", "Who paid for it?", "Who paid for the lifeboat station?"),
        ("When does the ferry leave?", "What does it cost to park?", "What does it cost to park?"),
        ("When does the ferry leave?", "How long does it take?", "How long does the ferry take?"),
    ],
)
def test_a_thing_is_not_taken_for_the_place_where_it_is(first: str, question: str, expected: str) -> None:
    assert condense(question, conversation(first, "At nine. [1]")).question == expected


def test_a_day_is_no_name() -> None:
    history = conversation("When is the library open on Tuesdays?", "At 9. [1]", "And on Sundays?", "Closed. [1]")
    assert "library" in condense("Where is it?", history).question


def test_a_question_about_another_noun_does_not_repeat_the_one_before() -> None:
    history = conversation("What does the ferry cost?", "Ten crowns. [1]")
    assert "cost" not in condense("Who is the harbourmaster?", history).question


def test_without_history_nothing_changes() -> None:
    assert condense("When was she born?", []).question == "When was she born?"


def test_a_chain_of_pronouns_leads_back_to_its_name() -> None:
    history = conversation(
        "Tell me about Grace Hopper.",
        "[1]",
        "Where did she study?",
        "At Yale. [1]",
        "When did she leave?",
        "In 1949. [1]",
    )
    assert condense("What did she do next?", history).question == "What did Grace Hopper do next?"


def test_a_conversation_without_a_subject_changes_nothing() -> None:
    assert condense("Where is it?", conversation("What is it?", "")).question == "Where is it?"


def test_what_a_follow_up_goes_on_from_is_searched_for_with_it() -> None:
    history = conversation("Is there a lifeguard at the pool?", "Yes, Ole Brun watches over it. [1]")
    asked = condense("Until when is he there?", history)
    assert asked.context == "Is there a lifeguard at the pool? Yes, Ole Brun watches over it."
    resolved = condense("And who is her deputy?", conversation("Who runs the ferry?", "Ida Holm runs it. [1]"))
    assert "Ida Holm" in resolved.question and resolved.context == "Who runs the ferry? Ida Holm runs it."
    for alone in ("How many people live in Port Ellen today?", "So how many people live in Port Ellen?"):
        assert condense(alone, history).context == ""
    assert condense("When did Grace Hopper publish her first paper?", history).context == ""
    long = conversation("Is there a lifeguard?", "It says so. " * 200)
    assert len(condense("Until when is he there?", long).context) < 400
