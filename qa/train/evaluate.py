"""Figures on held-out questions, given the right paragraph: exact match, F1, best F1 with no-answer, AUROC."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from qa.spans import best_span
from qa.train.data import ExampleEncoder
from qa.train.model import ReaderModel, collate
from qa.train.questions import Question


def normalise(text: str) -> str:
    """The SQuAD normalisation: lower case, no punctuation, no articles, single spaces (Rajpurkar et al. 2016)."""
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def token_f1(prediction: str, gold: str) -> float:
    """Harmonic mean of token precision and recall after `normalise`."""
    a, b = normalise(prediction).split(), normalise(gold).split()
    if not a or not b:
        return float(a == b)
    same = sum((Counter(a) & Counter(b)).values())
    return 2 * same / (len(a) + len(b)) if same else 0.0


@torch.inference_mode()
def held_out_figures(
    model: ReaderModel, encoder: ExampleEncoder, questions: Sequence[Question], device: str, batch_size: int = 32
) -> dict[str, float]:
    """Score questions with their own paragraph; `no_answer` questions enter AUROC and the best F1 only."""
    model.eval()
    examples = [
        encoder.encode(q.text, q.title, q.context, q.answers[0] if q.answers else None, None) for q in questions
    ]
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].pair.ids))
    exact, f1, margin, score = (np.zeros(len(examples)) for _ in range(4))
    for begin in range(0, len(order), batch_size):
        rows = order[begin : begin + batch_size]
        batch = {k: v.to(device) for k, v in collate([[examples[i]] for i in rows]).items()}
        with torch.autocast(device, torch.bfloat16):
            outputs = model(batch["input_ids"], batch["token_type_ids"], batch["attention_mask"])
        start, end, _, answers = (o.float().cpu().numpy() for o in outputs)
        for row, i in enumerate(rows):
            pair, question = examples[i].pair, questions[i]
            inside = slice(*pair.passage)
            a, b, value = best_span(start[row, inside], end[row, inside])
            text = question.context[pair.offsets[a][0] : pair.offsets[b][1]]
            gold = [question.context[x:y] for x, y in question.answers]
            exact[i] = max((float(normalise(text) == normalise(g)) for g in gold), default=0.0)
            f1[i] = max((token_f1(text, g) for g in gold), default=0.0)
            margin[i] = value - start[row, 0] - end[row, 0]
            score[i] = answers[row]
    has = np.array([bool(q.answers) for q in questions])
    figures = {"exact": exact[has].mean(), "f1": f1[has].mean(), "questions": float(len(questions))}
    if (~has).any() and has.any():
        figures |= {
            "auroc_span": roc_auc_score(has, margin),
            "auroc_score": roc_auc_score(has, score),
            "best_f1": best_f1(f1, has, margin + score),
        }
    return {k: round(float(v), 4) for k, v in figures.items()}


def best_f1(f1: np.ndarray, has: np.ndarray, confidence: np.ndarray) -> float:
    """The mean F1 at the best threshold, an abstention counting 1 where there is no answer (SQuAD 2.0's best F1)."""
    order = np.argsort(-confidence)
    gain = np.where(has, f1, -1.0)[order]
    return float(((~has).sum() + max(0.0, np.cumsum(gain).max())) / len(has))
