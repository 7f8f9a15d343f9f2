"""Retrieval and citation metrics against closed forms."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.gold import Quote, Span
from eval.span_metrics import (
    citation_precision,
    citation_recall,
    document_ndcg,
    document_ranks,
    evidence_ndcg,
    evidence_ranks,
    hit_rate,
    holds,
    recall,
    reciprocal_rank,
)


def quote(*places: Span) -> Quote:
    return Quote("", places)


def test_a_passage_holds_a_quote_from_half_of_the_shorter_one() -> None:
    gold = quote(Span("a", 100, 120))
    assert holds(Span("a", 0, 110), gold)  # 10 of the quote's 20
    assert not holds(Span("a", 0, 109), gold)
    assert holds(Span("a", 96, 104), gold)  # 4 of the passage's 8
    assert not holds(Span("b", 0, 200), gold)
    assert holds(Span("a", 0, 10), quote(Span("a", 500, 510), Span("a", 2, 12)))  # any place will do


def test_ranks_are_those_of_the_first_passage() -> None:
    retrieved = [Span("b", 0, 50), Span("a", 0, 50), Span("a", 50, 99), Span("c", 0, 50)]
    assert document_ranks(retrieved, ["a", "c", "d"]) == [2, 4, None]
    gold = [quote(Span("a", 60, 70)), quote(Span("b", 10, 20), Span("c", 10, 20)), quote(Span("d", 1, 2))]
    assert evidence_ranks(retrieved, gold) == [3, 1, None]


def test_closed_forms() -> None:
    ranks = [3, 7, None]
    assert [hit_rate(ranks, k) for k in (1, 3, 5)] == [0, 1, 1]
    assert [recall(ranks, k) for k in (1, 5, 10)] == [0, pytest.approx(1 / 3), pytest.approx(2 / 3)]
    assert reciprocal_rank(ranks, 10) == pytest.approx(1 / 3)
    assert reciprocal_rank(ranks, 2) == 0
    gain = 1 / math.log2(4) + 1 / math.log2(8)  # 1/2 + 1/3
    assert gain == pytest.approx(5 / 6)
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert document_ndcg(ranks, 10) == pytest.approx(gain / ideal)
    assert evidence_ndcg(ranks, 10) == pytest.approx(gain / 3)
    assert document_ndcg([1, 2], 10) == pytest.approx(1)
    assert document_ndcg([1, None], 1) == pytest.approx(1)  # one place, well used
    assert evidence_ndcg([1, 1], 10) == 1
    assert evidence_ndcg([11], 10) == 0


def test_document_ndcg_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import ndcg_score

    relevance = [0, 1, 0, 0, 1, 0, 0, 1, 0, 0]
    scores = list(range(10, 0, -1))
    assert document_ndcg([2, 5, 8], 10) == pytest.approx(ndcg_score([relevance], [scores], k=10))


def test_citations_by_characters() -> None:
    gold = [quote(Span("a", 0, 100)), quote(Span("a", 200, 250))]
    cited = [Span("a", 50, 150), Span("a", 60, 110), Span("b", 0, 50)]
    # Cited: a[50, 150) and b[0, 50), 150 characters; evidence among them: a[50, 100), 50 of 150 characters of evidence.
    assert citation_precision(cited, gold) == pytest.approx(50 / 150)
    assert citation_recall(cited, gold) == pytest.approx(50 / 150)
    assert citation_precision([], gold) is None
    assert citation_recall([], gold) == 0


def test_a_quote_that_stands_twice_is_cited_by_either_place() -> None:
    gold = [quote(Span("a", 0, 10), Span("a", 90, 100))]
    assert citation_recall([Span("a", 90, 100)], gold) == 1
    assert citation_precision([Span("a", 90, 100)], gold) == 1


spans = st.lists(
    st.builds(
        lambda doc_id, start, length: Span(doc_id, start, start + length),
        st.sampled_from("ab"),
        st.integers(0, 60),
        st.integers(1, 30),
    ),
    min_size=1,
    max_size=6,
)


def characters(items: list[Span]) -> set[tuple[str, int]]:
    return {(span.doc_id, position) for span in items for position in range(span.start, span.end)}


@given(spans, spans)
def test_overlap_is_that_of_sets_of_characters(cited: list[Span], evidence: list[Span]) -> None:
    common = len(characters(cited) & characters(evidence))
    gold = [quote(span) for span in evidence]
    assert citation_precision(cited, gold) == pytest.approx(common / len(characters(cited)))
    assert citation_recall(cited, gold) == pytest.approx(common / len(characters(evidence)))
