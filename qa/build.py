"""Puts the parts together: settings in, an updated index or a chain out."""

from __future__ import annotations

from index.embed import Embedder, load_embedder
from index.schema import DATABASE, open_to_read
from index.store import Corpus
from index.types import Progress, UpdateReport
from index.update import update_index
from index.walk import check_folder
from qa.chain import AnswerChain
from qa.config import Config
from qa.read import Reader
from qa.retrieve import HybridRetriever


def build_index(config: Config, progress: Progress | None = None) -> UpdateReport:
    """Bring the index up to date with the corpus folder; `progress` is told (step, done, total)."""
    # Says that the folder is missing before it spends seconds on a model.
    check_folder(config.corpus)
    embedder = load_embedder(config.embed, config.index_dir)
    return update_index(config.corpus, config.index_dir, embedder, config.load, config.chunk, progress)


def build_chain(config: Config) -> AnswerChain:
    """Open the index that the settings name and make the chain that answers from it.

    Raises:
        IndexError_: when there is no index, or it does not fit the settings, or it is damaged.
        ModelError: when a model is missing or altered.
    """
    retriever = open_retriever(config)
    return AnswerChain(config, retriever, load_reader(config, retriever.embedder))


def open_retriever(config: Config) -> HybridRetriever:
    """Open the index for searching alone."""
    # Says that there is no index before it spends seconds on a model.
    open_to_read(config.index_dir / DATABASE).close()
    embedder = load_embedder(config.embed, config.index_dir)
    corpus = Corpus.open(config.index_dir, embedder, config.chunk)
    return HybridRetriever(corpus=corpus, embedder=embedder, settings=config.retrieval)


def load_reader(config: Config, embedder: Embedder) -> Reader:
    """The reader that the settings name."""
    if config.read.reader == "cross-encoder":
        from qa.cross_encoder import CrossEncoder

        return CrossEncoder(config.read.passages)
    from qa.sentence_ranker import SentenceRanker

    return SentenceRanker(embedder, config.read.passages)
