"""The held-out questions, asked of an index of held-out articles: what a reader's confidence is fitted on.

A corpus is written from the held-out articles and as many others to distract, indexed and searched as a user's would
be; a question of our own is asked of its document. One held-out article in six is left out of it, and one paragraph in
six of the others: their questions have no answer there, some with nothing about their subject in the corpus and some
with much.
"""

from __future__ import annotations

import hashlib
import logging
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.embed import Embedder
from index.types import Filter
from qa import cross_encoder, sentence_ranker
from qa.build import build_index, open_retriever
from qa.config import Config
from qa.spans import SpanNetwork
from qa.train.evaluate import normalise
from qa.train.questions import Question
from qa.train.split import PUBLIC, article_key, part_of
from qa.types import Hit

log = logging.getLogger(__name__)

Features = dict[str, float]
Ask = Callable[[Question, Sequence[Hit]], "Asked"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with its candidates: their features, whether each is right, its source and its article."""

    source: str
    article: str
    answerable: bool
    features: list[Features]
    right: list[bool]
    answer_features: Callable[[Sequence[float]], Features]


def write_corpus(
    held_out: Sequence[Question], others: Sequence[Question], folder: Path, seed: int
) -> dict[str, list[str]]:
    """Write one file an article; returns the paragraphs of each held-out article that are in the corpus."""
    rng = random.Random(seed)
    articles: dict[str, dict[str, None]] = {}
    for question in held_out:
        articles.setdefault(article_key(question), {})[question.context] = None
    keys = sorted(articles)
    gone = set(rng.sample(keys, len(keys) // 6))
    kept = {key: [text for text in articles[key] if key not in gone and rng.random() >= 1 / 6] for key in keys}
    distractors = rng.sample(sorted({q.context for q in others if q.source.startswith("squad")}), len(keys))
    titled = {q.title for q in held_out}
    for key, texts in [*kept.items(), *((text, [text]) for text in distractors)]:
        if texts:
            (folder / file_name(key, key in titled)).write_text("\n\n".join(texts), encoding="utf-8")
    return kept


def file_name(article: str, titled: bool) -> str:
    """The name of an article's file in the corpus, by its `article_key`: its title, where that is one."""
    name = article if titled else hashlib.sha256(article.encode()).hexdigest()[:12]
    return "".join(c if c.isalnum() or c in " -_" else "_" for c in name)[:80] + ".txt"


def asked_of(question: Question, kept: Sequence[str]) -> Filter:
    """Where a question is asked: one of our own of its document, whose subject it often does not name."""
    if part_of(question.source) == PUBLIC or not kept:
        return Filter()
    return Filter(uris=(file_name(article_key(question), bool(question.title)),))


def as_asked(question: Question, kept: Sequence[str]) -> Question | None:
    """The question over a corpus that holds these paragraphs of its article; None where that cannot be judged.

    Without its own paragraph it has no answer, unless another one may give it.
    """
    if question.context in kept:
        return question
    return None if any(holds_answer(text, question) for text in kept) else replace(question, answers=())


def holds_answer(text: str, question: Question) -> bool:
    """True when a gold answer stands in the text, compared as SQuAD does."""
    own = f" {normalise(text)} "
    return any(f" {normalise(question.context[a:b])} " in own for a, b in question.answers)


def ask_sentence_ranker(embedder: Embedder, passages: int) -> Ask:
    """How the sentence ranker's candidates are found and judged."""

    def ask(question: Question, hits: Sequence[Hit]) -> Asked:
        found = sentence_ranker.candidates(question.text, hits[:passages], embedder)
        return Asked(
            question.source,
            article_key(question),
            bool(question.answers),
            [dict(c.features) for c in found],
            [holds_answer(hits[c.hit].chunk.part(c.start, c.end), question) for c in found],
            lambda scores: sentence_ranker.answer_features(found, scores, hits),
        )

    return ask


def ask_cross_encoder(network: SpanNetwork, passages: int) -> Ask:
    """How the cross-encoder's candidates are found and judged: by the sentence that holds the span."""

    def ask(question: Question, hits: Sequence[Hit]) -> Asked:
        found = cross_encoder.candidates(question.text, hits[:passages], network)
        right = []
        for c in found:
            chunk = hits[c.hit].chunk
            rows = cross_encoder.select_sentences(c, hits[c.hit], "other", 0.0)
            text = " ".join(chunk.part(e.start, e.end) for e in rows)
            span = chunk.text[slice(*c.reading.span)]
            right.append(holds_answer(text, question) and _overlap(span, question))
        return Asked(
            question.source,
            article_key(question),
            bool(question.answers),
            [dict(c.features) for c in found],
            right,
            lambda scores: cross_encoder.answer_features(found, scores),
        )

    return ask


def _overlap(span: str, question: Question) -> bool:
    # The right sentence for the wrong reason teaches nothing: the span must share a word with a gold answer.
    own = set(normalise(span).split())
    return any(own & set(normalise(question.context[a:b]).split()) for a, b in question.answers)


def ask_all(
    questions: Sequence[Question],
    held_out: Sequence[Question],
    others: Sequence[Question],
    network: SpanNetwork | None,
    seed: int,
) -> list[Asked]:
    """Ask the questions of an index of the articles, as the cross-encoder reads with `network`, or the sentence ranker.

    Left out are questions of which nothing was found, and those that cannot be judged.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "docs"
        folder.mkdir()
        kept = write_corpus(held_out, others, folder, seed)
        config = Config(corpus=folder, index_dir=Path(temporary) / "index")
        report = build_index(config)
        left_out = len({q.context for q in held_out}) - sum(map(len, kept.values()))
        log.info("%d documents, %d chunks, %d paragraphs left out", report.documents, report.chunks, left_out)
        retriever = open_retriever(config)
        passages = config.read.passages
        ask = ask_cross_encoder(network, passages) if network else ask_sentence_ranker(retriever.embedder, passages)
        asked = []
        for n, drawn in enumerate(questions, start=1):
            own = kept[article_key(drawn)]
            question = as_asked(drawn, own)
            if question is not None:
                asked.append(ask(question, retriever.hits(question.text, asked_of(question, own))))
            if n % 250 == 0:
                log.info("asked %d of %d", n, len(questions))
    return [a for a in asked if a.features]


def with_share(asked: Sequence[Asked], share: float, seed: int) -> list[Asked]:
    """All that have an answer, and as many of the others as make up this share, in their order."""
    without = [i for i, a in enumerate(asked) if not a.answerable]
    count = min(len(without), round((len(asked) - len(without)) * share / (1 - share)))
    drawn = set(random.Random(seed).sample(without, count))
    return [a for i, a in enumerate(asked) if a.answerable or i in drawn]
