"""Hybrid retrieval: BM25 and vectors, fused by a convex combination of their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, SkipValidation

from index.embed import Embedder
from index.store import Corpus
from index.types import Filter
from qa.config import RetrievalSettings
from qa.types import Hit

# Where the best score by words is below this, they stand in most passages, as "the" does: that is no full match.
LEAST_BM25 = 0.1


def convex_combination(
    bm25: Mapping[int, float], cosine: Mapping[int, float], cosine_share: float
) -> list[tuple[int, float]]:
    """Fuse two kinds of score for ids: cosine_share * cosine + (1 - cosine_share) * bm25 / highest bm25.

    A missing score of either kind counts as 0. Returns (id, score) pairs, best first; equal scores keep the order of
    first appearance. Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS
    2023. BM25 is scaled as there, between its least possible score and the highest found; the cosine stays as it is.
    """
    highest = max(LEAST_BM25, *bm25.values()) if bm25 else LEAST_BM25
    scores = {
        item: cosine_share * cosine.get(item, 0.0) + (1 - cosine_share) * bm25.get(item, 0.0) / highest
        for item in dict.fromkeys([*bm25, *cosine])
    }
    return sorted(scores.items(), key=lambda pair: -pair[1])


class HybridRetriever(BaseRetriever):
    """The passages that BM25 and the vectors agree on, as a LangChain retriever.

    `invoke(question, where=Filter(...), context=...)` returns LangChain documents; each carries its `Hit` in
    `metadata["hit"]`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    corpus: SkipValidation[Corpus]
    embedder: SkipValidation[Embedder]
    settings: RetrievalSettings

    def hits(
        self, query: str, where: Filter | None = None, candidates: int | None = None, context: str = ""
    ) -> tuple[Hit, ...]:
        """The fused passages, best first: at most twice the `candidates`, each with its BM25 and cosine parts.

        `candidates` are those of the settings unless given. `context`, the turn of a conversation that the query goes
        on from, is searched for together with the query as well, and `fused` is the mean of both scores; the parts are
        those of the query alone.
        """
        where = where or Filter()
        candidates = candidates or self.settings.candidates
        share = self.settings.cosine_share
        both: dict[int, float] = {}
        if context:
            both = dict(convex_combination(*self._search(f"{context} {query}", candidates, where), share))
        bm25, cosine = self._search(query, candidates, where, both)
        scores = dict(convex_combination(bm25, cosine, share))
        if context:
            scores = {chunk_id: (score + both.get(chunk_id, 0.0)) / 2 for chunk_id, score in scores.items()}
        order = sorted(scores, key=lambda chunk_id: -scores[chunk_id])
        bm25_ranks, cosine_ranks = _ranks(bm25), _ranks(cosine)
        found = []
        chunks = self.corpus.chunks(order)
        sources = self.corpus.sources(sorted({chunk.doc_id for chunk in chunks}))
        for chunk in chunks:
            source = sources.get(chunk.doc_id)
            if source is None:
                continue  # the document went away since it was found
            found.append(
                Hit(
                    chunk=chunk,
                    uri=source.uri,
                    title=source.title,
                    page=source.page(chunk.start),
                    score=scores[chunk.id],
                    cosine=cosine.get(chunk.id),
                    cosine_rank=cosine_ranks.get(chunk.id),
                    bm25=bm25.get(chunk.id),
                    bm25_rank=bm25_ranks.get(chunk.id),
                    fused=scores[chunk.id],
                )
            )
        return tuple(found)

    def _search(
        self, query: str, candidates: int, where: Filter, others: Iterable[int] = ()
    ) -> tuple[dict[int, float], dict[int, float]]:
        """BM25 and cosines by chunk id of the passages that either finds; cosines of the `others`, too."""
        bm25 = {m.chunk_id: m.bm25 for m in self.corpus.search_text(query, candidates, where)}
        vector = self.embedder.embed_query(query)
        cosines = {m.chunk_id: m.cosine for m in self.corpus.search_vectors(vector, candidates, where)}
        # A passage that only its words found gets its cosine too: without one, the one exact match would be lost.
        missing = [chunk_id for chunk_id in dict.fromkeys([*bm25, *others]) if chunk_id not in cosines]
        return bm25, cosines | self.corpus.cosines(vector, missing)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
        where: Filter | None = None,
        context: str = "",
    ) -> list[LangChainDocument]:
        return [
            LangChainDocument(
                page_content=hit.chunk.text,
                id=str(hit.chunk.id),
                metadata={"source": hit.uri, "title": hit.title, "page": hit.page, "score": hit.score, "hit": hit},
            )
            for hit in self.hits(query, where, context=context)
        ]


def _ranks(scores: Mapping[int, float]) -> dict[int, int]:
    """The place of each id by its score, from 1."""
    return {item: rank for rank, item in enumerate(sorted(scores, key=lambda item: -scores[item]), start=1)}
