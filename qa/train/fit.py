"""`python -m qa.train.fit`: fit a reader's confidence and threshold on articles that no training has seen.

The questions of `qa.train.asked` are taken, and of those without an answer only so many that they are a third of all.
The sentence model learns which sentence holds the answer, the answer model how likely the best one is right. Figures
are those of five-fold cross-validation in which no article is in two folds.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logsumexp, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from qa import cross_encoder, sentence_ranker
from qa.calibration import Logistic, dump, log_odds
from qa.spans import SpanNetwork, model_folder
from qa.train.asked import Asked, Features, ask_all, with_share
from qa.train.split import OWN, PUBLIC, load_all, part_of, sample_by_source

log = logging.getLogger(__name__)

# What the sentence and the answer model of each reader go by.
FEATURES = {
    "cross-encoder": (cross_encoder.SENTENCE_FEATURES, cross_encoder.ANSWER_FEATURES),
    "sentence-ranker": (sentence_ranker.SENTENCE_FEATURES, sentence_ranker.ANSWER_FEATURES),
}
# The share of questions without an answer that confidence and threshold are made for. Where more of them are asked, a
# higher `read.threshold` of the settings is better.
UNANSWERABLE = 1 / 3
# On the squared weights of the ranker's standardised features; from .03 to .2 it ranks the same.
PENALTY = 0.05


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

    A wrong answer and a needless abstention count the same, so an answer is given where it is likelier to be right than
    the question to have none. Both likelihoods are taken as logistic in the log odds of the confidence, and the
    threshold is where they meet. That of the highest gain over the questions themselves moves by .05 from one sample to
    another.
    """
    if not right.any():
        return 1.0
    if right.all() or answerable.all():
        return 0.0
    odds = np.array([[log_odds(c)] for c in confidence])
    likely = _logistic(odds, right, ["odds"])
    none = _logistic(odds, ~answerable, ["odds"])
    # Where the two log odds are equal; that of a right answer rises faster.
    crossing = (none.bias - likely.bias) / (likely.weights[0] - none.weights[0])
    return float(expit(crossing))


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error over equal-width bins (Guo et al. 2017, section 2)."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[place == b].mean() - right[place == b].mean()) * (place == b).mean() for b in set(place)]
    return float(sum(gaps))


def cross_validate(
    asked: Sequence[Asked], rank_features: Sequence[str], answer_names: Sequence[str]
) -> tuple[float, dict[str, Features]]:
    """Five folds by article: the threshold, and the figures of all questions and of each part of them.

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
    part = np.array([part_of(a.source) for a in asked])
    parts = {"all": np.full(len(asked), True), **{name: part == name for name in (PUBLIC, *OWN)}}
    return threshold, {
        name: _figures(confidence[own], right[own], answerable[own], threshold)
        for name, own in parts.items()
        if own.any()
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m qa.train.fit", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the SQuAD JSON files (.json.gz)")
    parser.add_argument("--reader", choices=sorted(FEATURES), required=True)
    parser.add_argument("--questions", type=int, default=1500, help="how many held-out questions of each part to ask")
    parser.add_argument("--seed", type=int, default=13)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    training, held_out = load_all(arguments.data)
    questions = [q for part in sample_by_source(held_out, arguments.questions, arguments.seed).values() for q in part]
    network = SpanNetwork(model_folder()) if arguments.reader == "cross-encoder" else None
    asked = ask_all(questions, held_out, training, network, arguments.seed)
    asked = with_share(asked, UNANSWERABLE, arguments.seed)
    features = FEATURES[arguments.reader]
    threshold, figures = cross_validate(asked, *features)
    log.info("threshold %.4f", threshold)
    for name, values in figures.items():
        log.info("%s: %s", name, values)
    sentence, answer = fit(asked, *features)
    about = {
        "made by": f"python -m qa.train.fit --reader {arguments.reader} --questions {arguments.questions}",
        "data": "held out of the public files (docs/licences.md), of qa/train/other_words and of qa/train/written",
        "cross-validated": figures,
    }
    target = model_folder().parent / f"{arguments.reader}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    models = {"sentence": sentence, "answer": answer}
    target.write_text(dump(models, threshold, about, network.digest if network else None), encoding="utf-8")
    log.info("wrote %s", target)


if __name__ == "__main__":
    main()
