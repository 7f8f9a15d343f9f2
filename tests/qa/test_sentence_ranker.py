"""The reader without a network of its own, over the real embedded model."""

from __future__ import annotations

import pytest

from index.embed import Embedder, load_embedder
from index.settings import EmbedSettings
from index.types import Chunk
from qa.sentence_ranker import SentenceRanker
from qa.types import Hit


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return load_embedder(EmbedSettings(), tmp_path_factory.mktemp("models"))


def hit(text: str, number: int = 1, doc_id: int = 1) -> Hit:
    return Hit(Chunk(number, doc_id, 0, len(text), text, 10), f"{doc_id}.txt", "T", None, 0.03, cosine=0.5)


def quotes(reader: SentenceRanker, question: str, hits: list[Hit]) -> list[str]:
    found = reader.read(question, hits).evidence
    return [hits[e.hit].chunk.text[e.start : e.end] for e in found]


def test_the_sentence_that_agrees_with_the_question_is_chosen(embedder: Embedder) -> None:
    hits = [hit("Gulls nest on the roofs. The pier was built in 1964. Bees dance.")]
    assert quotes(SentenceRanker(embedder, 8), "When was the pier built?", hits) == ["The pier was built in 1964."]


@pytest.mark.parametrize("question", ["When was the pier built?", "Describe how the pier was built."])
def test_equal_sentences_in_several_documents_do_no_harm(embedder: Embedder, question: str) -> None:
    same = "The pier was built in 1964 by the town. " * 3
    hits = [hit(same, number=n, doc_id=n) for n in range(1, 7)]
    reading = SentenceRanker(embedder, 8).read(question, hits)
    assert reading.evidence[reading.best].score == max(e.score for e in reading.evidence)


def test_passages_beyond_the_limit_are_not_read(embedder: Embedder) -> None:
    hits = [hit("Gulls nest on the roofs."), hit("The pier was built in 1964.", 2, 2)]
    assert SentenceRanker(embedder, 1).read("When was the pier built?", hits).scores[1] is None
