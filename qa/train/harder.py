"""What makes questions harder: passages that look right and are not, questions their passage does not answer, typos."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from index.sentences import sentence_spans
from qa.train.questions import Question


class HardNegatives:
    """The passages that a lexical search ranks high for a question but that do not hold its answer."""

    def __init__(self, contexts: Sequence[str]) -> None:
        self._contexts = list(dict.fromkeys(contexts))
        self._vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english", dtype=np.float32)
        self._matrix = self._vectorizer.fit_transform(self._contexts).T.tocsr()

    def find(self, questions: Sequence[Question], depth: int = 6) -> list[list[str]]:
        """For each question up to `depth` contexts, best first, without its own and without any answer string."""
        found: list[list[str]] = []
        for begin in range(0, len(questions), 256):
            block = questions[begin : begin + 256]
            scores = (self._vectorizer.transform(q.text for q in block) @ self._matrix).toarray()
            for question, row in zip(block, scores, strict=True):
                answers = {question.context[a:b].lower() for a, b in question.answers}
                best = np.argsort(-row)[: depth * 4]
                passages = [self._contexts[i] for i in best if row[i] > 0]
                keep = [p for p in passages if p != question.context and not any(a in p.lower() for a in answers)]
                found.append(keep[:depth])
        return found


_YEAR = re.compile(r"\b(1[0-9]{3}|20[0-9]{2})\b")
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][\w'’-]+)(?: (?:of |the )?[A-Z][\w'’-]+)*")
_OPPOSITES = {
    "first": "last", "last": "first", "largest": "smallest", "smallest": "largest", "most": "least",
    "highest": "lowest", "lowest": "highest", "before": "after", "after": "before", "north": "south",
    "south": "north", "east": "west", "west": "east", "increase": "decrease", "decrease": "increase",
    "oldest": "youngest", "more": "less", "won": "lost", "lost": "won", "born": "buried", "started": "abandoned",
    "can": "can't", "did": "didn't", "is": "isn't", "was": "wasn't", "are": "aren't", "were": "weren't",
}  # fmt: skip


def make_unanswerable(question: Question, rng: random.Random) -> Question | None:
    """Turn an answerable question into one its paragraph does not answer, or None where no rule applies.

    Rules after Rajpurkar et al. (2018), table 1: another name of the paragraph in place of the one asked about,
    another year, an antonym or a negation.
    """
    rules = ["year", "name", "opposite"]
    rng.shuffle(rules)
    for rule in rules:
        if rule == "year" and (match := _YEAR.search(question.text)):
            year = str(int(match.group()) + rng.choice((-30, -12, -7, -3, 4, 9, 15, 25)))
            if year not in question.context:
                text = question.text[: match.start()] + year + question.text[match.end() :]
                return replace(question, text=text, answers=(), adversarial=True)
        if rule == "name":
            asked = [m for m in _NAME.finditer(question.text) if m.group() in question.context]
            lower = question.text.lower()
            gold = " ".join(question.context[a:b].lower() for a, b in question.answers)
            others = [
                m.group()
                for m in _NAME.finditer(question.context)
                if m.group().lower() not in lower and m.group().lower() not in gold and len(m.group()) > 3
            ]
            if asked and others:
                old = rng.choice(asked)
                text = question.text[: old.start()] + rng.choice(others) + question.text[old.end() :]
                return replace(question, text=text, answers=(), adversarial=True)
        if rule == "opposite":
            words = question.text.split(" ")
            places = [i for i, w in enumerate(words) if w.lower() in _OPPOSITES and i < len(words) - 1]
            if places:
                place = rng.choice(places)
                words[place] = _OPPOSITES[words[place].lower()]
                return replace(question, text=" ".join(words), answers=(), adversarial=True)
    return None


def without_answer(question: Question) -> str | None:
    """The question's paragraph without the sentences that say an answer, or None where too little would be left.

    It is what a reader meets in use when the documents are silent: the right subject, and names, dates and numbers of
    the kind that was asked for, none of which is the answer.
    """
    answers = {question.context[a:b].lower() for a, b in question.answers}
    kept = [
        question.context[a:b]
        for a, b in sentence_spans(question.context)
        if not any(answer in question.context[a:b].lower() for answer in answers)
        and not any(a < y and x < b for x, y in question.answers)
    ]
    text = " ".join(kept)
    return text if answers and len(text) >= max(120, len(question.context) / 3) else None


def with_neighbours(question: Question, longest: int, rng: random.Random) -> Question:
    """The question over its paragraph and, while they fit into `longest` characters, some of those around it.

    Passages of an index are cut without regard to what will be asked, so the answer stands anywhere in them.
    """
    paragraphs = question.paragraphs
    home = first = last = paragraphs.index(question.context)
    wanted = rng.randint(longest // 3, longest)
    while sides := [side for side in (first - 1, last + 1) if 0 <= side < len(paragraphs)]:
        side = rng.choice(sides)
        low, high = min(first, side), max(last, side)
        if sum(map(len, paragraphs[low : high + 1])) > wanted:
            break
        first, last = low, high
    return _surrounded(question, paragraphs[first:home], paragraphs[home + 1 : last + 1], "\n")


def other_paragraphs(question: Question) -> list[str]:
    """The paragraphs of the question's document outside its context that do not hold its answer."""
    answers = [question.context[a:b].lower() for a, b in question.answers]
    return [
        text
        for text in question.paragraphs
        if text not in question.context and not any(answer in text.lower() for answer in answers)
    ]


def among_others(question: Question, others: Sequence[str], rng: random.Random) -> Question:
    """The question over its sentence with up to four of the others around it, as in a paragraph.

    A question about a single sentence teaches where in it the answer stands, but not which sentence answers.
    """
    before = rng.sample(others, rng.randint(0, min(2, len(others))))
    rest = [text for text in others if text not in before]
    after = rng.sample(rest, rng.randint(0, min(2, len(rest))))
    return _surrounded(question, before, after, " ")


def _surrounded(question: Question, before: Sequence[str], after: Sequence[str], between: str) -> Question:
    shift = sum(len(text) + len(between) for text in before)
    context = between.join([*before, question.context, *after])
    return replace(question, context=context, answers=tuple((a + shift, b + shift) for a, b in question.answers))


def mistype(text: str, rng: random.Random) -> str:
    """One slip of the keyboard in one of the longer words: two letters swapped, one lost, doubled or mistaken."""
    words = list(re.finditer(r"[A-Za-z]{5,}", text))
    if not words:
        return text
    word = rng.choice(words)
    at = rng.randrange(word.start() + 1, word.end() - 1)
    a, b = text[at], text[at + 1]
    return text[:at] + rng.choice((b + a, b, a + a + b, rng.choice("aeioustnr") + b)) + text[at + 2 :]
