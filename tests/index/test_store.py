"""Searching and reading an index: words, vectors, filters, other scripts, hostile queries."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index import passages
from index.errors import IndexDamaged, IndexMissing
from index.schema import DATABASE, open_to_write
from index.settings import ChunkSettings
from index.store import Corpus
from index.types import Filter, UpdateReport
from index.words import bigrams, match_expression, query_words
from tests.conftest import DOCUMENTS, LetterEmbedder

Update = Callable[[], UpdateReport]


def uris(corpus: Corpus, query: str, where: Filter | None = None) -> list[str]:
    """The documents that a search by words finds, best first."""
    found = corpus.search_text(query, 100, where or Filter())
    return [corpus.document(chunk.doc_id).uri for chunk in corpus.chunks([match.chunk_id for match in found])]


def test_every_passage_is_a_piece_of_its_document(corpus: Corpus) -> None:
    assert [info.uri for info in corpus.documents()] == sorted(DOCUMENTS)
    for chunk in corpus.chunks([m.chunk_id for m in corpus.search_vectors(np.eye(27, dtype=np.float32)[0], 100)]):
        assert chunk.text == corpus.document(chunk.doc_id).text[chunk.start : chunk.end]


def test_words_are_stemmed_and_the_best_match_is_first(corpus: Corpus) -> None:
    assert uris(corpus, "flooding") == ["river.md"]
    assert uris(corpus, "votes on the budgets of towns")[0] == "council/budget.txt"
    scores = [match.bm25 for match in corpus.search_text("the bridge in April", 10)]
    assert scores == sorted(scores, reverse=True)


def test_vectors_by_hand(corpus: Corpus, embedder: LetterEmbedder) -> None:
    best = corpus.search_vectors(embedder.embed_query("river river"), 1)[0]
    (chunk,) = corpus.chunks([best.chunk_id])
    assert corpus.document(chunk.doc_id).uri == "river.md"
    text = next(text for text in embedder.embedded if "floods" in text)
    assert best.cosine == pytest.approx(float(embedder.embed_query(text) @ embedder.embed_query("river")), abs=1e-6)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Filter(), {"council/minutes.txt", "council/budget.txt", "river.md"}),
        (Filter(uris=("river.md",)), {"river.md"}),
        (Filter(folders=("council",)), {"council/minutes.txt", "council/budget.txt"}),
        (Filter(folders=("coun",)), set()),
        (Filter(folders=("%",)), set()),
        (Filter(suffixes=(".MD",)), {"river.md"}),
        (
            Filter(suffixes=(".md", ".txt"), folders=("council",), uris=("council/budget.txt", "x")),
            {"council/budget.txt"},
        ),
        (Filter(suffixes=(".pdf",)), set()),
    ],
)
def test_filters_hold_for_words_and_vectors(corpus: Corpus, where: Filter, expected: set[str]) -> None:
    assert set(uris(corpus, "bridge", where)) == expected
    found = corpus.search_vectors(np.eye(27, dtype=np.float32)[1], 100, where)
    assert {corpus.document(c.doc_id).uri for c in corpus.chunks([m.chunk_id for m in found])} == expected


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=st.text() | st.text(alphabet='"*():^-+{} NEARANDOTbridge\x00\ud800', min_size=1))
def test_no_text_is_syntax(corpus: Corpus, query: str) -> None:
    for match in corpus.search_text(query, 5):
        assert match.bm25 > 0


def test_cosines_of_chosen_passages_are_those_of_the_search(corpus: Corpus, embedder: LetterEmbedder) -> None:
    vector = embedder.embed_query("the bridge")
    found = {m.chunk_id: m.cosine for m in corpus.search_vectors(vector, 10)}
    some = list(found)[:2]
    assert corpus.cosines(vector, [*some, 999_999]) == pytest.approx({i: found[i] for i in some}, abs=1e-6)
    assert corpus.cosines(vector, []) == {}


def test_words_that_look_like_syntax_are_words(corpus: Corpus) -> None:
    assert uris(corpus, '"bridge" AND NOT (river*) NEAR/2 text:council')[0] != ""
    assert set(uris(corpus, "bridge OR")) == set(DOCUMENTS)
    assert uris(corpus, "?!... --- \x00") == []
    assert uris(corpus, "") == []


def test_a_query_of_a_hundred_thousand_characters(corpus: Corpus) -> None:
    assert "river.md" in uris(corpus, "floods " + "word " * 20_000)


def test_common_words_are_left_out_unless_there_are_no_others(
    monkeypatch: pytest.MonkeyPatch, corpus_folder: Path, update: Update, index_folder: Path, embedder: LetterEmbedder
) -> None:
    monkeypatch.setattr(passages, "COMMON_LEAST", 2)
    update()
    corpus = Corpus.open(index_folder, embedder, ChunkSettings())
    # "the" and "bridge" stand in all three, "budget" in one.
    assert uris(corpus, "the budget") == ["council/budget.txt"]
    assert set(uris(corpus, "the bridge")) == set(DOCUMENTS)


def test_the_rarest_common_word_is_kept() -> None:
    assert match_expression({"the": "the", "budget": "budgets"}, {"the": 9}) == '"budgets"'
    assert match_expression({"the": "the", "of": "of"}, {"the": 9, "of": 5}) == '"of"'
    assert match_expression({}, {}) == ""


def test_bigrams_by_hand() -> None:
    assert bigrams("plain text") == ""
    assert bigrams("東京は首都 ok 川") == "東京 京は は首 首都 川"
    assert query_words("What is 東京都?") == ["What", "is", "東京都", "東京", "京都"]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("東京は日本の首都です。", "首都はどこですか"),
        ("北京是中华人民共和国的首都。", "首都在哪里"),
        ("กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย", "เมืองหลวง"),
        ("서울은 대한민국의 수도이다.", "대한민국"),
        ("दिल्ली भारत की राजधानी है।", "राजधानी"),
        ("القاهرة عاصمة مصر.", "عاصمة"),
        ("Die Straße führt nach Zürich.", "zurich"),
        ("Μόσχα και Αθήνα", "ΑΘΉΝΑ"),
    ],
)
def test_other_languages_are_found_by_their_words(
    corpus_folder: Path, update: Update, corpus: Corpus, text: str, query: str
) -> None:
    (corpus_folder / "other.txt").write_text(text, "utf-8")
    update()
    assert uris(corpus, query)[:1] == ["other.txt"]
    assert "other.txt" not in uris(corpus, "bridge")


def test_ids_that_are_gone_are_left_out_and_order_is_kept(corpus: Corpus) -> None:
    ids = [match.chunk_id for match in corpus.search_text("bridge", 10)]
    asked = [ids[2], 10**9, ids[0]]
    assert [chunk.id for chunk in corpus.chunks(asked)] == [ids[2], ids[0]]
    assert corpus.document_by_uri("nowhere.txt") is None
    with pytest.raises(KeyError):
        corpus.document(10**9)


def test_many_threads_search_at_once_and_find_the_same(corpus: Corpus, embedder: LetterEmbedder) -> None:
    expected = (corpus.search_text("bridge river", 5), corpus.search_vectors(embedder.embed_query("river"), 5))
    different: list[object] = []

    def search() -> None:
        for _ in range(20):
            found = (corpus.search_text("bridge river", 5), corpus.search_vectors(embedder.embed_query("river"), 5))
            if found != expected:
                different.append(found)

    threads = [threading.Thread(target=search) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert different == []


def test_no_index_says_how_to_make_one(index_folder: Path, embedder: LetterEmbedder) -> None:
    with pytest.raises(IndexMissing, match="docqa index"):
        Corpus.open(index_folder, embedder, ChunkSettings())
    index_folder.mkdir()
    (index_folder / DATABASE).touch()
    with pytest.raises(IndexMissing):
        Corpus.open(index_folder, embedder, ChunkSettings())


@pytest.mark.parametrize("keep", [100, 5000])
def test_a_damaged_database_says_what_to_do(
    index_folder: Path, embedder: LetterEmbedder, update: Update, keep: int
) -> None:
    update()
    path = index_folder / DATABASE
    path.write_bytes(path.read_bytes()[:keep] + b"\xff" * 4096)
    with pytest.raises(IndexDamaged, match=f"{path}.*docqa index"):
        Corpus.open(index_folder, embedder, ChunkSettings()).search_text("bridge", 5)


def test_a_vector_of_another_length_is_damage(index_folder: Path, embedder: LetterEmbedder, update: Update) -> None:
    update()
    (index_folder / "vectors.faiss").unlink()
    connection = open_to_write(index_folder / DATABASE)
    connection.execute("UPDATE vectors SET vector = x'00'")
    connection.close()
    with pytest.raises(IndexDamaged, match="no usable vector"):
        Corpus.open(index_folder, embedder, ChunkSettings())


def test_an_index_that_is_deleted_and_made_again_is_seen(
    corpus_folder: Path, index_folder: Path, update: Update, corpus: Corpus
) -> None:
    for path in index_folder.iterdir():
        path.unlink()
    with pytest.raises(IndexMissing):
        corpus.search_text("bridge", 5)
    (corpus_folder / "river.md").unlink()
    update()
    assert set(uris(corpus, "bridge")) == set(DOCUMENTS) - {"river.md"}


def test_status_counts(corpus: Corpus, embedder: LetterEmbedder, index_folder: Path) -> None:
    status = corpus.status()
    assert (status.documents, status.stale, status.left_out, status.generation) == (3, 0, (), 1)
    assert (status.model, status.model_digest, status.dimension) == (embedder.name, embedder.digest, 27)
    assert status.chunks == sum(info.chunks for info in corpus.documents())
    assert status.size >= (index_folder / DATABASE).stat().st_size
