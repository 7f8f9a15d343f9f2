"""What a question asks for, and how much of it a text covers."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from qa.agreement import Terms, answer_kind, has_kind
from qa.words import content_stems, stem


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who leads the council?", "person"),
        ("When was the pier built?", "time"),
        ("Which year did it open?", "time"),
        ("How many eggs does it lay?", "number"),
        ("Where is the archive?", "place"),
        ("Why was the road closed?", "description"),
        ("How do I renew a card?", "description"),
        ("What is ISIS?", "description"),
        ("Which boat sank?", "other"),
        ("What does a ticket to Skarn cost?", "number"),
        ("When was the list published?", "time"),
        ("List the rooms that can be booked", "description"),
        ("What is the nickname of the delivery van?", "other"),
    ],
)
def test_the_kind_of_answer(question: str, kind: str) -> None:
    assert answer_kind(question) == kind


def test_a_text_shows_the_kind_or_does_not() -> None:
    assert has_kind("time", "It opened in 1964.") == 1.0
    assert has_kind("time", "It opened late.") == 0.0
    assert has_kind("person", "It was led by Mira Vance.") == 1.0
    assert has_kind("description", "Anything.") == 0.5


def test_coverage_weighs_rare_words_more() -> None:
    terms = Terms.of("ferry timetable", ["the ferry sails", "the ferry rests", "a timetable"])
    # "ferry" stands in two of three passages, "timetable" in one.
    ferry, timetable = math.log(1 + 3 / 3), math.log(1 + 3 / 2)
    assert terms.coverage("Ferries sail") == pytest.approx(ferry / (ferry + timetable))
    assert terms.coverage("the ferry's timetable") == pytest.approx(1.0)
    assert terms.coverage("bees") == 0.0


def test_many_threads_stem_alike() -> None:
    vocabulary = [
        f"{stem}{ending}" for stem in ("sail", "harbour", "nation", "relat") for ending in ("s", "ing", "ed", "ional")
    ]
    expected = [stem(word) for word in vocabulary]
    stem.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: [stem.__wrapped__(word) for word in vocabulary], range(200)):
            assert found == expected


def test_inflected_words_agree() -> None:
    assert set(content_stems("commanders, Élan")) == set(content_stems("the commander’s elan"))
