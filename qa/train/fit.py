"""`python -m qa.train.fit`: fit a reader's confidence and threshold on articles that no training has seen.

A corpus is written from the held-out articles and as many others to distract, indexed and searched as a user's would
be; a written question is asked of its own document. One held-out article in six is left out of it, and one paragraph in
six of the others: their questions have no answer there, some with nothing about their subject in the corpus and some
with much. Of the questions without an answer only so many are kept that they are a third of all. The sentence model
learns which sentence holds the answer, the answer model how likely the best one is right. Figures are those of
five-fold cross-validation in which no article is in two folds.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from index.embed import Embedder
from index.types import Filter
from qa import cross_encoder, sentence_ranker
from qa.build import build_index, open_retriever
from qa.calibration import Logistic, dump
from qa.config import Config
from qa.spans import SpanNetwork, model_folder
from qa.train.evaluate import normalise
from qa.train.questions import TITLED, Question
from qa.train.split import article_key, by_source, load_all
from qa.train.written import SOURCE as WRITTEN
from qa.types import Hit

log = logging.getLogger(__name__)

Features = dict[str, float]

# The share of questions without an answer that confidence and threshold are made for. Where more of them are asked, a
# higher `read.threshold` of the settings is better.
UNANSWERABLE = 1 / 3
# On the squared weights of the ranker's standardised features; from .03 to .2 it ranks the same.
PENALTY = 0.05


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
    titled = {q.title for q in held_out if q.source in TITLED}
    for key, texts in [*kept.items(), *((text, [text]) for text in distractors)]:
        name = key if key in titled else hashlib.sha256(key.encode()).hexdigest()[:12]
        if texts:
            (folder / file_name(name)).write_text("\n\n".join(texts), encoding="utf-8")
    return kept


def file_name(title: str) -> str:
    """The name of an article's file in the corpus."""
    return "".join(c if c.isalnum() or c in " -_" else "_" for c in title)[:80] + ".txt"


def asked_of(question: Question, kept: Sequence[str]) -> Filter:
    """Where a question is asked: a written one of its own document, whose subject it often does not name."""
    return Filter(uris=(file_name(question.title),)) if question.source == WRITTEN and kept else Filter()


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


def ask_sentence_ranker(embedder: Embedder, passages: int) -> Callable[[Question, Sequence[Hit]], Asked]:
    """How the sentence ranker's candidates are found and judged."""

    def ask(question: Question, hits: Sequence[Hit]) -> Asked:
        found = sentence_ranker.candidates(question.text, hits[:passages], embedder)
        texts = [
            hits[c.hit].chunk.text[c.start - hits[c.hit].chunk.start : c.end - hits[c.hit].chunk.start] for c in found
        ]
        return Asked(
            question.source,
            article_key(question),
            bool(question.answers),
            [dict(c.features) for c in found],
            [holds_answer(t, question) for t in texts],
            lambda scores: sentence_ranker.answer_features(found, scores, hits),
        )

    return ask


def ask_cross_encoder(network: SpanNetwork, passages: int) -> Callable[[Question, Sequence[Hit]], Asked]:
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


def fit(asked: Sequence[Asked], rank_features: Sequence[str], answer_names: Sequence[str]) -> tuple[Logistic, Logistic]:
    """The two logistic models: of a candidate being right, and of the best candidate being right."""
    rank = _ranker(asked, rank_features)
    rows, labels = _answers(asked, rank)
    return rank, _logistic(np.array([[r[n] for n in answer_names] for r in rows]), labels, answer_names)


def _ranker(asked: Sequence[Asked], names: Sequence[str]) -> Logistic:
    """The model of a candidate being right, made to rank.

    Its weights maximise the probability of the right candidates among all of their question, a conditional logit
    (McFadden 1974, "Conditional logit analysis of qualitative choice behavior"); a logistic regression on that one
    score then sets how sure it is. One over all candidates at once spends its weights on telling hopeless ones apart.
    """
    tables = [np.array([[f[n] for n in names] for f in a.features]) for a in asked]
    right = [np.array(a.right) for a in asked]
    every, labels = np.concatenate(tables), np.concatenate(right)
    mean, deviation = every.mean(axis=0), every.std(axis=0) + 1e-9
    choices = [((x - mean) / deviation, y) for x, y in zip(tables, right, strict=True) if y.any()]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, slope = PENALTY * float(weights @ weights), 2 * PENALTY * weights
        for x, y in choices:
            scores = x @ weights
            total -= float(logsumexp(scores[y]) - logsumexp(scores)) / len(choices)
            wanted = np.where(y, scores, -np.inf)
            slope -= x.T @ (softmax(wanted) - softmax(scores)) / len(choices)
        return total, slope

    weights = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x / deviation
    sure = _logistic((every @ weights)[:, None], labels, ["score"])
    return Logistic(tuple(names), tuple(float(sure.weights[0] * w) for w in weights), sure.bias)


def _logistic(x: NDArray[np.float64], y: NDArray[np.bool_], names: Sequence[str]) -> Logistic:
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-9
    model = LogisticRegression(C=10.0, max_iter=2000).fit((x - mean) / deviation, y)
    weights = model.coef_[0] / deviation
    return Logistic(tuple(names), tuple(map(float, weights)), float(model.intercept_[0] - weights @ mean))


def _answers(asked: Sequence[Asked], rank: Logistic) -> tuple[list[Features], NDArray[np.bool_]]:
    rows, labels = [], []
    for a in asked:
        scores = [rank(f) for f in a.features]
        rows.append(a.answer_features(scores))
        labels.append(a.right[int(np.argmax(scores))])
    return rows, np.array(labels)


def choose_threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_], answerable: NDArray[np.bool_]) -> float:
    """The confidence at which most questions end well: answered rightly, or without an answer and not answered.

    A wrong answer and a needless abstention count the same.
    """
    order = np.argsort(-confidence)
    gain = np.cumsum(right[order].astype(int) - (~answerable[order]).astype(int))
    best = int(np.argmax(gain))
    return float(confidence[order[best]]) if gain[best] > 0 else 1.0


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error over equal-width bins (Guo et al. 2017, section 2)."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[place == b].mean() - right[place == b].mean()) * (place == b).mean() for b in set(place)]
    return float(sum(gaps))


def cross_validate(
    asked: Sequence[Asked], rank_features: Sequence[str], answer_names: Sequence[str]
) -> tuple[float, dict[str, Features]]:
    """Five folds by article: the threshold, and the figures of all, the public and the written questions.

    Every figure is of questions whose article the models had not seen.
    """
    groups = [a.article for a in asked]
    confidence, right = np.zeros(len(asked)), np.zeros(len(asked), bool)
    for train, test in GroupKFold(5).split(asked, groups=groups):
        rank, answer = fit([asked[i] for i in train], rank_features, answer_names)
        rows, labels = _answers([asked[i] for i in test], rank)
        confidence[test] = [answer(r) for r in rows]
        right[test] = labels
    answerable = np.array([a.answerable for a in asked])
    threshold = choose_threshold(confidence, right, answerable)
    written = np.array([a.source == WRITTEN for a in asked])
    parts = {"all": np.full(len(asked), True), "public": ~written, "written": written}
    return threshold, {
        name: _figures(confidence[part], right[part], answerable[part], threshold)
        for name, part in parts.items()
        if part.any()
    }


def _figures(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], answerable: NDArray[np.bool_], threshold: float
) -> Features:
    abstained = confidence < threshold
    hits = int((abstained & ~answerable).sum())
    precision, recall = hits / max(1, int(abstained.sum())), hits / max(1, int((~answerable).sum()))
    figures = {
        "questions": float(len(right)),
        "unanswerable": (~answerable).mean(),
        "best candidate right": right[answerable].mean(),
        "auroc of right": roc_auc_score(right, confidence),
        "expected calibration error": calibration_error(confidence, right),
        "ends well": np.where(abstained, ~answerable, right).mean(),
        "abstention precision": precision,
        "abstention recall": recall,
        "abstention F1": 2 * precision * recall / max(1e-9, precision + recall),
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


def with_share(asked: Sequence[Asked], share: float, seed: int) -> list[Asked]:
    """All that have an answer, and as many of the others as make up this share, in their order."""
    without = [i for i, a in enumerate(asked) if not a.answerable]
    count = min(len(without), round((len(asked) - len(without)) * share / (1 - share)))
    drawn = set(random.Random(seed).sample(without, count))
    return [a for i, a in enumerate(asked) if a.answerable or i in drawn]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m qa.train.fit", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the SQuAD JSON files (.json.gz)")
    parser.add_argument("--reader", choices=("sentence-ranker", "cross-encoder"), required=True)
    parser.add_argument(
        "--questions", type=int, default=1500, help="how many held-out public questions to ask, beside all written ones"
    )
    parser.add_argument("--seed", type=int, default=13)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    training, held_out = load_all(arguments.data)
    parts = by_source(held_out)
    public = parts.get("public", [])
    questions = random.Random(arguments.seed).sample(public, min(arguments.questions, len(public)))
    questions += parts.get(WRITTEN, [])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "docs"
        folder.mkdir()
        kept = write_corpus(held_out, training, folder, arguments.seed)
        config = Config(corpus=folder, index_dir=Path(temporary) / "index")
        report = build_index(config)
        left_out = len({q.context for q in held_out}) - sum(map(len, kept.values()))
        log.info("%d documents, %d chunks, %d paragraphs left out", report.documents, report.chunks, left_out)
        retriever = open_retriever(config)
        passages = config.read.passages
        network = None
        features: tuple[tuple[str, ...], tuple[str, ...]]
        if arguments.reader == "cross-encoder":
            network = SpanNetwork(model_folder())
            ask = ask_cross_encoder(network, passages)
            features = cross_encoder.SENTENCE_FEATURES, cross_encoder.ANSWER_FEATURES
        else:
            ask = ask_sentence_ranker(retriever.embedder, passages)
            features = sentence_ranker.SENTENCE_FEATURES, sentence_ranker.ANSWER_FEATURES
        asked = []
        for n, drawn in enumerate(questions, start=1):
            own = kept[article_key(drawn)]
            question = as_asked(drawn, own)
            if question is None:
                continue
            asked.append(ask(question, retriever.hits(question.text, asked_of(question, own))))
            if n % 250 == 0:
                log.info("asked %d of %d", n, len(questions))
    asked = with_share([a for a in asked if a.features], UNANSWERABLE, arguments.seed)
    threshold, figures = cross_validate(asked, *features)
    log.info("threshold %.4f", threshold)
    for name, values in figures.items():
        log.info("%s: %s", name, values)
    sentence, answer = fit(asked, *features)
    about = {
        "made by": f"python -m qa.train.fit --reader {arguments.reader} --questions {arguments.questions}",
        "data": "held-out articles of the public files (docs/licences.md) and held-out documents of qa/train/written",
        "cross-validated": figures,
    }
    target = model_folder().parent / f"{arguments.reader}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    models = {"sentence": sentence, "answer": answer}
    target.write_text(dump(models, threshold, about, network.digest if network else None), encoding="utf-8")
    log.info("wrote %s", target)


if __name__ == "__main__":
    main()
