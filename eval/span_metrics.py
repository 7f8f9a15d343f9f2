"""Metrics that compare places in the documents: what was retrieved and cited with the gold documents and evidence.

All return a number from 0 to 1. Ranks are 1-based positions in the list of passages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from eval.gold import Quote, Span


def overlap(a: Span, b: Span) -> int:
    """The number of characters that two spans share."""
    return max(0, min(a.end, b.end) - max(a.start, b.start)) if a.doc_id == b.doc_id else 0


def holds(span: Span, quote: Quote) -> bool:
    """True if the span shares at least half of the shorter of the two with one of the quote's places.

    Half of the shorter one: a passage that holds a short quote counts, so does a sentence out of a long quote; a
    passage that only touches its end does not.
    """
    return any(
        2 * overlap(span, place) >= min(span.end - span.start, place.end - place.start) > 0 for place in quote.spans
    )


def document_ranks(retrieved: Sequence[Span], doc_ids: Sequence[str]) -> list[int | None]:
    """For each gold document the rank of its first passage, None where it was not found."""
    return [_first([span.doc_id == doc_id for span in retrieved]) for doc_id in doc_ids]


def evidence_ranks(retrieved: Sequence[Span], quotes: Sequence[Quote]) -> list[int | None]:
    """For each gold quote the rank of the first passage that holds it, None where none does."""
    return [_first([holds(span, quote) for span in retrieved]) for quote in quotes]


def hit_rate(ranks: Sequence[int | None], k: int) -> float:
    """1 if any gold item is found at rank k or better, else 0 (also called success@k)."""
    return float(any(rank is not None and rank <= k for rank in ranks))


def recall(ranks: Sequence[int | None], k: int) -> float:
    """Gold items found at rank k or better / gold items (Manning et al. 2008, "Introduction to IR", section 8.4)."""
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def reciprocal_rank(ranks: Sequence[int | None], k: int) -> float:
    """1 / the best rank of a gold item, 0 beyond k (Voorhees 1999, "The TREC-8 Question Answering Track Report")."""
    best = min((rank for rank in ranks if rank is not None), default=math.inf)
    return 1 / best if best <= k else 0.0


def document_ndcg(ranks: Sequence[int | None], k: int) -> float:
    """Σ 1/log2(1 + rank) over gold documents found at rank k or better / the same sum over the ranks 1..min(n, k).

    Järvelin and Kekäläinen (2002), "Cumulated Gain-Based Evaluation of IR Techniques", with gain 1 for the first
    passage of a gold document and 0 for its further passages.
    """
    ideal = sum(1 / math.log2(1 + rank) for rank in range(1, min(len(ranks), k) + 1))
    return _gain(ranks, k) / ideal


def evidence_ndcg(ranks: Sequence[int | None], k: int) -> float:
    """The mean over gold quotes of 1/log2(1 + rank), 0 for one not found at rank k or better.

    Järvelin and Kekäläinen (2002) with gain 1 for each quote at the first passage that holds it. One passage can hold
    all quotes, so the ideal list has them all at rank 1, and the ideal sum is their number.
    """
    return _gain(ranks, k) / len(ranks)


def citation_precision(cited: Sequence[Span], quotes: Sequence[Quote]) -> float | None:
    """Characters that are cited and evidence / characters cited; None where nothing is cited.

    The precision of Gao et al. (2023), "Enabling Large Language Models to Generate Text with Citations", on
    characters in place of statements, so that no model has to judge. All places of a quote are evidence.
    """
    total = _length(cited)
    places = [place for quote in quotes for place in quote.spans]
    return _common_length(cited, places) / total if total else None


def citation_recall(cited: Sequence[Span], quotes: Sequence[Quote]) -> float:
    """Characters of evidence that are cited / characters of evidence; of a quote's places the best cited one counts."""
    places = [max(quote.spans, key=lambda place: _common_length(cited, [place])) for quote in quotes]
    return _common_length(cited, places) / _length(places)


def _first(found: Sequence[bool]) -> int | None:
    return found.index(True) + 1 if True in found else None


def _gain(ranks: Sequence[int | None], k: int) -> float:
    return sum(1 / math.log2(1 + rank) for rank in ranks if rank is not None and rank <= k)


def _merge(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and merged[-1].doc_id == span.doc_id and span.start <= merged[-1].end:
            merged[-1] = Span(span.doc_id, merged[-1].start, max(span.end, merged[-1].end))
        else:
            merged.append(span)
    return merged


def _length(spans: Sequence[Span]) -> int:
    return sum(span.end - span.start for span in _merge(spans))


def _common_length(spans: Sequence[Span], others: Sequence[Span]) -> int:
    return sum(overlap(a, b) for a in _merge(spans) for b in _merge(others))
