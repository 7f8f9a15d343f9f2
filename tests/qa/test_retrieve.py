"""The fusion of scores in closed form, and the hybrid retriever over a real index."""

from __future__ import annotations

import pytest

from index.types import Filter
from qa import Config
from qa.build import build_index, open_retriever
from qa.config import RetrievalSettings
from qa.retrieve import HybridRetriever, convex_combination


def test_fusion_weighs_each_cosine_and_the_share_of_the_highest_bm25() -> None:
    fused = convex_combination({7: 10.0, 8: 5.0}, {7: 0.1, 9: 0.9}, cosine_share=0.6)
    # 9: .6 * .9 + .4 * 0    7: .6 * .1 + .4 * 10/10    8: .6 * 0 + .4 * 5/10
    assert [item for item, _ in fused] == [9, 7, 8]
    assert [score for _, score in fused] == pytest.approx([0.54, 0.46, 0.2])


def test_fusion_keeps_the_order_of_first_appearance_for_equal_scores() -> None:
    assert [item for item, _ in convex_combination({1: 3.0, 2: 3.0}, {}, 0.5)] == [1, 2]


def test_fusion_without_words_is_the_order_of_the_cosines() -> None:
    assert convex_combination({}, {1: 0.2, 2: 0.4}, 0.5) == [(2, 0.2), (1, 0.1)]
    assert convex_combination({1: 0.0}, {1: 0.2}, 0.5) == [(1, 0.1)]


def test_a_match_on_common_words_alone_is_no_full_match() -> None:
    # BM25 of "the" and "did" is next to nothing; the best of such scores must not count like a name that agrees.
    assert [item for item, _ in convex_combination({1: 2e-6}, {1: 0.2, 2: 0.3}, 0.5)] == [2, 1]


def test_fusion_of_nothing_is_nothing() -> None:
    assert convex_combination({}, {}, 0.5) == []


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> HybridRetriever:
    root = tmp_path_factory.mktemp("retrieve")
    docs = root / "docs"
    (docs / "town").mkdir(parents=True)
    (docs / "town" / "ferry.txt").write_text("The ferry to Skarn leaves the north quay at 7:40 every morning.\n")
    (docs / "town" / "library.md").write_text("# Library\n\nThe library lends books for four weeks.\n")
    (docs / "bees.txt").write_text("A queen bee may live for five years and lays two thousand eggs a day.\n")
    config = Config(corpus=docs, index_dir=root / "index")
    build_index(config)
    return open_retriever(config)


def test_a_hit_carries_the_parts_of_its_score(retriever: HybridRetriever) -> None:
    best = retriever.hits("When does the ferry leave the quay?")[0]
    assert best.uri == "town/ferry.txt"
    assert best.bm25_rank == best.cosine_rank == 1
    assert best.bm25 is not None and best.bm25 > 0
    assert best.cosine is not None and 0.4 < best.cosine <= 1
    assert best.score == best.fused == pytest.approx(0.67 * best.cosine + 0.33)
    assert best.reader is None


def test_a_question_without_a_shared_word_is_found_by_its_vector(retriever: HybridRetriever) -> None:
    best = retriever.hits("insect ruler lifespan")[0]
    assert (best.uri, best.bm25, best.bm25_rank) == ("bees.txt", None, None)


@pytest.mark.parametrize(
    ("where", "uris"),
    [
        (Filter(folders=("town",)), {"town/ferry.txt", "town/library.md"}),
        (Filter(suffixes=(".md",)), {"town/library.md"}),
        (Filter(uris=("bees.txt",)), {"bees.txt"}),
        (Filter(folders=("town",), suffixes=(".txt",)), {"town/ferry.txt"}),
        (Filter(folders=("nowhere",)), set()),
    ],
)
def test_filters_hold_for_words_and_vectors(retriever: HybridRetriever, where: Filter, uris: set[str]) -> None:
    assert {h.uri for h in retriever.hits("ferry library books queen bee", where)} == uris


def test_a_passage_that_only_its_words_found_gets_its_cosine_too(retriever: HybridRetriever) -> None:
    narrow = retriever.model_copy(update={"settings": RetrievalSettings(candidates=1)})
    # The vectors' one candidate is about the bee; the quay is found by its word alone.
    hits = {h.uri: h for h in narrow.hits("insect ruler lifespan quay")}
    assert set(hits) == {"bees.txt", "town/ferry.txt"}
    quay = hits["town/ferry.txt"]
    assert (quay.bm25_rank, quay.cosine_rank) == (1, 2)
    assert quay.cosine is not None
    assert quay.score == pytest.approx(0.67 * quay.cosine + 0.33)


def test_it_is_a_langchain_retriever(retriever: HybridRetriever) -> None:
    documents = retriever.invoke("Which books does the library lend?")
    assert documents[0].metadata["source"] == "town/library.md"
    assert documents[0].page_content == documents[0].metadata["hit"].chunk.text


def test_the_turn_before_brings_the_passages_that_a_follow_up_is_about(retriever: HybridRetriever) -> None:
    alone = retriever.hits("How long may I keep them?")
    assert alone[0].uri == "bees.txt", "by its own words it is about how long something lives"
    hits = retriever.hits("How long may I keep them?", context="Does the library lend books? It does.")
    assert hits[0].uri == "town/library.md"
    assert hits[0].score == hits[0].fused and [h.fused for h in hits] == sorted((h.fused for h in hits), reverse=True)
    own = {h.uri: h.cosine for h in alone}
    assert {h.uri: h.cosine for h in hits} == pytest.approx(own), "the parts are those of the question alone"
