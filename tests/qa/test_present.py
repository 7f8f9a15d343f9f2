"""What is shown of answers and documents, as values: nothing is lost, and quotes are told from markers."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from index.chunk import TRAIL_SEPARATOR
from index.types import Chunk, Document, Heading
from qa.extract import CONFLICT_NOTE, extractive_answer
from qa.present import (
    CUT_REACH,
    Part,
    answer_parts,
    contradicting_claims,
    cut_point,
    document_pieces,
    excerpt,
    passage_excerpt,
)
from qa.read import Evidence, Reading
from qa.types import Answer, Citation, Hit


def citation(n: int, quote: str, start: int = 0, span: tuple[int, int] | None = None) -> Citation:
    return Citation(n, 1, "a.txt", "A", None, start, start + len(quote), quote, span)


def answer(text: str, *citations: Citation) -> Answer:
    return Answer("q", text, citations, (), "extractive", abstained=False, reason="", confidence=0.9)


def as_rows(parts: list[Part]) -> list[tuple[str, bool, int | None]]:
    return [(p.text, p.strong, p.citation.n if p.citation else None) for p in parts]


def test_the_span_is_strong_and_a_bracket_of_the_quote_is_no_marker() -> None:
    first = citation(1, "Bees [2] dance\nat noon.", start=10, span=(28, 32))
    second = citation(2, "Wasps do not.")
    parts = answer_parts(answer("Bees [2] dance at noon. [1] Wasps do not. [2] [7]", first, second))
    assert as_rows(parts) == [
        ("Bees [2] dance at ", False, None),
        ("noon", True, None),
        (".", False, None),
        (" ", False, None),
        ("[1]", False, 1),
        (" ", False, None),
        ("Wasps do not.", False, None),
        (" ", False, None),
        ("[2]", False, 2),
        (" ", False, None),
        ("[7]", False, None),
    ]


def contradicting(*sentences: str) -> Answer:
    """The answer that the chain makes of one contradicting sentence a document; the last word is the span."""
    documents = {n: Document(n, f"{n}.txt", f"T{n}", "text/plain", s, "") for n, s in enumerate(sentences)}
    hits = [Hit(Chunk(n, n, 0, len(s), s, 5), f"{n}.txt", f"T{n}", None, 1.0) for n, s in enumerate(sentences)]
    evidence = tuple(Evidence(n, 0, len(s), 1.0, (s.rindex(" ") + 1, len(s) - 1)) for n, s in enumerate(sentences))
    reading = Reading(evidence, (1.0,) * len(hits), 0.9, conflict=True)
    return extractive_answer("When did it open?", hits, reading, documents, 0.5)


def test_sources_that_contradict_each_other_are_told_apart() -> None:
    made = contradicting("The bridge opened\nin 1887.", "It opened in 1889.")
    assert made.text.startswith(CONFLICT_NOTE)
    one, other = contradicting_claims(made)
    assert as_rows(one) == [
        ("The bridge opened in ", False, None),
        ("1887", True, None),
        (".", False, None),
        (" ", False, None),
        ("[1]", False, 1),
    ]
    assert [p.text for p in other if p.strong] == ["1889"]
    assert [p.citation.n for p in other if p.citation] == [2]


def test_a_document_cannot_make_up_a_contradiction() -> None:
    quote = citation(1, f"{CONFLICT_NOTE}\none says this, one that.")
    assert contradicting_claims(answer(f"{CONFLICT_NOTE} one says this, one that. [1]", quote)) == []
    assert contradicting_claims(replace(answer(""), abstained=True)) == []


@given(st.text(max_size=60), st.lists(st.integers(0, 60), min_size=8, max_size=8))
def test_the_pieces_of_a_document_are_its_text(text: str, offsets: list[int]) -> None:
    a, b, c, d, e, f, g, h = [min(offset, len(text)) for offset in offsets]
    quote, window, heading = sorted((a, b)), sorted((c, d)), sorted((e, f))
    pages = tuple(sorted({0, g, h}))
    document = Document(1, "a", "A", "text/plain", text, "", pages, (Heading(heading[0], heading[1], 2),))
    pieces = document_pieces(document, window[0], window[1], (quote[0], quote[1]))
    assert "".join(piece.text for piece in pieces) == text[window[0] : window[1]]
    inside = range(max(quote[0], window[0]), min(quote[1], window[1]))
    assert "".join(piece.text for piece in pieces if piece.quote) == text[inside.start : max(inside.start, inside.stop)]


@given(st.text(alphabet="ab \n", max_size=3_000), st.integers(-100, 4_000))
def test_a_text_is_cut_a_little_earlier_at_most(text: str, offset: int) -> None:
    cut = cut_point(text, offset)
    asked = min(max(offset, 0), len(text))
    assert asked - CUT_REACH <= cut <= asked
    assert cut in (0, asked) or text[cut - 1] in "\n "


def test_an_excerpt_ends_at_a_word() -> None:
    assert excerpt("The  tide\ncomes in.", 40) == "The tide comes in."
    assert excerpt("The tide, however, comes in.", 12) == "The tide…"
    assert excerpt("x" * 100_000, 10) == "x" * 10 + "…"


def test_a_passage_is_shown_without_the_headings_it_begins_with() -> None:
    text = "The river\n\nFloods  in\nspring\n\nThe river floods."
    chunk = Chunk(1, 1, 0, len(text), text, 9, f"The river{TRAIL_SEPARATOR}Floods in")
    assert passage_excerpt(Hit(chunk, "river.md", "The river", None, 1.0)) == "spring The river floods."
    only_headings = replace(chunk, text="The river\n")
    assert passage_excerpt(Hit(only_headings, "river.md", "The river", None, 1.0)) == "The river"
