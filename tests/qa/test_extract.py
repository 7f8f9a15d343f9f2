"""Answers composed of cited sentences, and abstentions that say what was found."""

from __future__ import annotations

from dataclasses import replace

from index.types import Chunk, Document
from qa.extract import CONFLICT_NOTE, extractive_answer
from qa.read import Evidence, Reading
from qa.types import Hit

OLD = Document(1, "old.txt", "Tariff 2019", "text/plain", "A ticket costs 4 crowns. Children travel free.", "")
NEW = Document(2, "new.txt", "Tariff 2024", "text/plain", "A ticket costs 6 crowns.", "")
COPY = Document(3, "copy.txt", "Copy", "text/plain", "A ticket costs 4 crowns.", "")
DOCUMENTS = {d.id: d for d in (OLD, NEW, COPY)}


def hit(document: Document) -> Hit:
    chunk = Chunk(document.id, document.id, 0, len(document.text), document.text, 10)
    return Hit(chunk, document.uri, document.title, None, 0.5)


HITS = (hit(OLD), hit(NEW), hit(COPY))
FIRST = Evidence(0, 0, 24, 0.9, span=(15, 23))


def answer_of(*evidence: Evidence, confidence: float = 0.8, conflict: bool = False):  # type: ignore[no-untyped-def]
    reading = Reading(evidence, (0.9, 0.3, 0.6), confidence, conflict=conflict)
    return extractive_answer("What does a ticket cost?", HITS, reading, DOCUMENTS, threshold=0.5)


def test_a_sentence_with_its_marker_and_the_shortest_answer() -> None:
    answer = answer_of(FIRST)
    assert answer.text == "A ticket costs 4 crowns. [1]"
    assert answer.short_answer == "4 crowns"
    assert [(c.n, c.uri, c.quote) for c in answer.citations] == [(1, "old.txt", "A ticket costs 4 crowns.")]
    assert not answer.abstained


def test_sentences_of_the_best_passage_stand_in_document_order() -> None:
    answer = answer_of(Evidence(0, 25, 46, 0.9), Evidence(0, 0, 24, 0.5))
    assert answer.text == "A ticket costs 4 crowns. [1] Children travel free. [2]"


def test_sentences_that_say_the_same_are_merged_with_both_markers() -> None:
    answer = answer_of(FIRST, Evidence(2, 0, 24, 0.6))
    assert answer.text == "A ticket costs 4 crowns. [1][2]"
    assert [c.uri for c in answer.citations] == ["old.txt", "copy.txt"]


def test_sentences_that_differ_by_a_small_word_are_not_merged() -> None:
    denied = replace(COPY, text="No ticket costs 4 crowns.")
    hits = (hit(OLD), hit(NEW), hit(denied))
    reading = Reading((FIRST, Evidence(2, 0, 25, 0.6)), (0.9, 0.3, 0.6), 0.8)
    answer = extractive_answer("What does a ticket cost?", hits, reading, {**DOCUMENTS, denied.id: denied}, 0.5)
    assert answer.text == "A ticket costs 4 crowns. [1] No ticket costs 4 crowns. [2]"


def test_sources_that_contradict_each_other_stand_side_by_side() -> None:
    answer = answer_of(FIRST, Evidence(1, 0, 24, 0.6), conflict=True)
    assert answer.text.splitlines() == [CONFLICT_NOTE, "A ticket costs 4 crowns. [1]", "A ticket costs 6 crowns. [2]"]


def test_the_hits_are_in_the_readers_order() -> None:
    assert [h.uri for h in answer_of(FIRST).hits] == ["old.txt", "copy.txt", "new.txt"]


def test_a_passage_that_was_not_read_keeps_its_score_and_comes_last() -> None:
    reading = Reading((FIRST,), (0.2, None, 0.6), 0.8)
    hits = extractive_answer("What does a ticket cost?", HITS, reading, DOCUMENTS, threshold=0.5).hits
    assert [(h.uri, h.reader, h.score) for h in hits] == [
        ("copy.txt", 0.6, 0.6),
        ("old.txt", 0.2, 0.2),
        ("new.txt", None, 0.5),
    ]


def test_below_the_threshold_it_abstains_and_names_what_is_missing() -> None:
    reading = Reading((FIRST,), (0.9, 0.3, 0.6), 0.4)
    answer = extractive_answer("What does a Sunday ticket cost in Bergen?", HITS, reading, DOCUMENTS, threshold=0.5)
    assert answer.abstained and answer.text == "" and answer.citations == ()
    assert "“Sunday”" in answer.reason and "“Bergen”" in answer.reason and "ticket" not in answer.reason
    assert "Tariff 2019" in answer.reason
    assert len(answer.hits) == 3


def test_a_missing_small_word_is_not_worth_naming() -> None:
    reading = Reading((FIRST,), (0.9, 0.3, 0.6), 0.4)
    answer = extractive_answer("What does a big ticket cost?", HITS, reading, DOCUMENTS, threshold=0.5)
    assert "“big”" not in answer.reason


def test_a_misspelled_word_is_told_from_a_missing_one() -> None:
    reading = Reading((FIRST,), (0.9, 0.3, 0.6), 0.4)
    answer = extractive_answer("What does a tikcet to Bergen cost?", HITS, reading, DOCUMENTS, threshold=0.5)
    assert "do not mention “Bergen”, “tikcet” (they do mention “ticket”)" in answer.reason


def test_an_idle_word_is_not_worth_naming() -> None:
    reading = Reading((FIRST,), (0.9, 0.3, 0.6), 0.4)
    answer = extractive_answer("What happened to the ticket?", HITS, reading, DOCUMENTS, threshold=0.5)
    assert "happened" not in answer.reason


def test_when_every_word_is_there_the_reason_does_not_invent_a_missing_one() -> None:
    reading = Reading((FIRST,), (0.9, 0.3, 0.6), 0.4)
    answer = extractive_answer("Do children travel?", HITS, reading, DOCUMENTS, threshold=0.5)
    assert "mention" not in answer.reason


def test_without_any_passage_it_abstains() -> None:
    answer = extractive_answer("What?", (), Reading((), (), 0.0), {}, threshold=0.5)
    assert answer.abstained and answer.reason
