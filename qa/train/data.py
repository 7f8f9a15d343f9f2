"""Reading comprehension data for the reader: SQuAD JSON files in, encoded training units out.

A *unit* is one question with one or two passages: the passage the question belongs to and, for a share of the
questions, a hard negative. They stay in one batch so that the shared normalisation of Clark and Gardner (2018,
"Simple and Effective Multi-Paragraph Reading Comprehension", section 3) can compare them.
"""

from __future__ import annotations

import gzip
import json
import logging
import random
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from qa.pairs import Pair, PairEncoder

log = logging.getLogger(__name__)

# Shares of the questions that get a hard negative, and that are turned into unanswerable ones.
NEGATIVE_SHARE = 0.35
ADVERSARIAL_SHARE = 0.08
# Share of a file's questions that one epoch draws (2 means every question twice). Whole-paragraph SQuAD-like sets
# count fully; single sentences (QAMR, QA-SRL) and text far from prose are sampled down.
SOURCES: dict[str, float] = {
    "squad_v1_train_sample": 1.0,
    "squad_dev-v1.1.half_A.train_articles": 1.0,
    "squad_dev-v2.0.half_A.train_articles": 1.0,
    "unansq_squad_train": 1.0,
    "unansq_dev_recased": 0.7,
    "disfl_qa.half_A": 0.4,
    "squadshifts_new_wiki.half_A": 1.0,
    "nq_open_oracle": 1.0,
    "quoref_ni": 1.0,
    "quoref_contrast": 0.4,
    "drop_contrast": 0.5,
    "ropes_contrast": 0.2,
    "covid_qa": 1.0,
    "timeqa_human_train_easy.squad": 0.8,
    "timeqa_human_train_hard.squad": 0.4,
    "policyqa_dev": 0.2,
    "policyqa_test": 0.2,
    "fairytaleqa_train.extractive": 0.4,
    "fairytaleqa_val.extractive": 0.4,
    "fairytaleqa_test.extractive": 0.4,
    "squadshifts_amazon_reviews_v1.0": 0.35,
    "squadshifts_reddit_v1.0": 0.35,
    "qamr_dev.squad": 0.08,
    "qamr_test.squad": 0.08,
    "qasrl_gs": 0.05,
}
# Titles that name the subject of the text; in the other files the title is an id.
TITLED = {
    "squad_dev-v1.1.half_A.train_articles",
    "squad_dev-v2.0.half_A.train_articles",
    "disfl_qa.half_A",
    "squadshifts_new_wiki.half_A",
    "nq_open_oracle",
    "covid_qa",
}
# The v2 file repeats the answerable questions of the v1 file; only its no-answer questions add anything.
NO_ANSWER_ONLY = {"squad_dev-v2.0.half_A.train_articles"}
HELD_OUT_SOURCES = {
    "squad_v1_train_sample",
    "squad_dev-v1.1.half_A.train_articles",
    "squad_dev-v2.0.half_A.train_articles",
    "unansq_squad_train",
    "disfl_qa.half_A",
    "squadshifts_new_wiki.half_A",
    "nq_open_oracle",
    "covid_qa",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One question over one paragraph.

    `answers` holds (start, end) in code points of `context`, half-open; empty when the paragraph has no answer.
    """

    source: str
    title: str
    context: str
    text: str
    answers: tuple[tuple[int, int], ...]
    adversarial: bool = False


def load_squad(path: Path) -> list[Question]:
    """Read one SQuAD JSON file (1.1 or 2.0, gzipped or plain)."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as handle:
        content = json.load(handle)
    articles = content["data"] if isinstance(content, dict) else content
    source = path.name.removesuffix(".gz").removesuffix(".json")
    questions = []
    for article in articles:
        title = article.get("title", "").replace("_", " ")
        for paragraph in article["paragraphs"]:
            context = paragraph["context"]
            for qa in paragraph["qas"]:
                spans = tuple(
                    dict.fromkeys((a["answer_start"], a["answer_start"] + len(a["text"])) for a in qa["answers"])
                )
                text = re.sub(r"\s+", " ", qa["question"]).strip()
                if text and not (source in NO_ANSWER_ONLY and spans):
                    questions.append(Question(source, title, context, text, spans))
    return questions


def is_held_out(question: Question) -> bool:
    """True for one article in seven of the sets that resemble real use: kept to tune and calibrate with."""
    return question.source in HELD_OUT_SOURCES and zlib.crc32(article_key(question).encode()) % 7 == 0


def article_key(question: Question) -> str:
    # The SQuAD sample has no article titles, so its paragraphs are told apart by their own text: a paragraph that
    # several files share then falls on the same side in all of them.
    return question.title if question.source in TITLED else question.context[:200]


def load_all(folder: Path) -> tuple[list[Question], list[Question]]:
    """Return (training, held-out) questions of every file of `SOURCES` that is in the folder."""
    training: list[Question] = []
    held_out: list[Question] = []
    for source in SOURCES:
        path = folder / f"{source}.json.gz"
        if not path.exists():
            log.warning("%s is missing: trained without it", path.name)
            continue
        for question in load_squad(path):
            (held_out if is_held_out(question) else training).append(question)
    held_contexts = {q.context for q in held_out}
    return [q for q in training if q.context not in held_contexts], held_out


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


@dataclass(frozen=True, slots=True)
class Example:
    """A pair with its labels.

    `span` is the inclusive token range of the answer, (0, 0) when there is none; `evidence` that of the sentence or
    sentences which hold it.
    """

    pair: Pair
    span: tuple[int, int]
    evidence: tuple[int, int]


_SENTENCE_END = re.compile(r"[.!?][\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])|\n+")


def sentence_range(text: str, start: int, end: int) -> tuple[int, int]:
    """The half-open range of the sentence or sentences of `text` around [start, end)."""
    borders = [m.end() for m in _SENTENCE_END.finditer(text)]
    left = max((b for b in borders if b <= start), default=0)
    right = min((b for b in borders if b >= end), default=len(text))
    return left, right


class ExampleEncoder:
    """Turns questions into labelled pairs, windowing a passage that does not fit. Token ids of passages are cached."""

    def __init__(self, pairs: PairEncoder) -> None:
        self._pairs = pairs
        self._cache: dict[str, tuple[list[int], list[tuple[int, int]]]] = {}

    def encode(
        self, question: str, title: str, context: str, answer: tuple[int, int] | None, rng: random.Random | None
    ) -> Example:
        """Encode a pair; with `rng` the window of a long passage is drawn around the answer, else it begins it."""
        if context not in self._cache:
            self._cache[context] = self._pairs.tokens(context)
        ids, offsets = self._cache[context]
        room = self._pairs.room(question, title)
        first = _window_start(context, offsets, answer, room, rng)
        pair = self._pairs.assemble(question, title, ids[first : first + room], offsets[first : first + room])
        span = evidence = (0, 0)
        if answer is not None:
            span = _token_range(pair.offsets, *answer, pair.passage[0])
            evidence = _token_range(pair.offsets, *sentence_range(context, *answer), pair.passage[0])
        return Example(pair, span, evidence)


def _window_start(
    context: str,
    offsets: list[tuple[int, int]],
    answer: tuple[int, int] | None,
    room: int,
    rng: random.Random | None,
) -> int:
    if len(offsets) <= room or rng is None:
        return 0
    borders = {m.end() for m in _SENTENCE_END.finditer(context)} | {0}
    starts = [i for i, (a, _) in enumerate(offsets) if a in borders]
    if answer is not None:
        low = next(i for i, (_, b) in enumerate(offsets) if b > answer[0])
        high = next((i for i, (a, _) in enumerate(offsets) if a >= answer[1]), len(offsets))
        starts = [i for i in starts if i <= low and high <= i + room] or [max(0, high - room)]
    return rng.choice(starts)


def _token_range(offsets: list[tuple[int, int]], start: int, end: int, shift: int) -> tuple[int, int]:
    inside = [i for i, (a, b) in enumerate(offsets) if a < end and b > start]
    return (inside[0] + shift, inside[-1] + shift) if inside else (0, 0)


def epoch_units(
    training: Sequence[Question],
    negatives: Sequence[Sequence[str]],
    encoder: ExampleEncoder,
    epoch: int,
    seed: int,
) -> Iterator[list[Example]]:
    """The units of one epoch in random order; the same seed and epoch give the same units."""
    rng = random.Random(f"{seed}-{epoch}")
    order = [
        i
        for i, q in enumerate(training)
        for _ in range(int(SOURCES[q.source]) + (rng.random() < SOURCES[q.source] % 1))
    ]
    rng.shuffle(order)
    for i in order:
        question = training[i]
        title = question.title if question.source in TITLED and rng.random() < 0.7 else ""
        if question.answers and rng.random() < ADVERSARIAL_SHARE:
            question = make_unanswerable(question, rng) or question
        answer = rng.choice(question.answers) if question.answers else None
        unit = [encoder.encode(question.text, title, question.context, answer, rng)]
        if negatives[i] and not question.adversarial and rng.random() < NEGATIVE_SHARE:
            other = rng.choice(negatives[i])
            unit.append(encoder.encode(question.text, title if rng.random() < 0.5 else "", other, None, rng))
        yield unit


def batches(units: Iterator[list[Example]], max_tokens: int, rng: random.Random) -> Iterator[list[list[Example]]]:
    """Length-bucketed batches of at most `max_tokens` padded tokens, shuffled within a window of about 60 batches."""
    block: list[list[Example]] = []
    size = 0
    for unit in units:
        block.append(unit)
        size += sum(len(example.pair.ids) for example in unit)
        if size >= 60 * max_tokens:
            yield from _cut(block, max_tokens, rng)
            block, size = [], 0
    if block:
        yield from _cut(block, max_tokens, rng)


def _cut(block: list[list[Example]], max_tokens: int, rng: random.Random) -> list[list[list[Example]]]:
    block.sort(key=lambda unit: max(len(example.pair.ids) for example in unit))
    out: list[list[list[Example]]] = []
    current: list[list[Example]] = []
    for unit in block:
        longest = max(len(example.pair.ids) for example in unit)
        rows = sum(len(u) for u in current) + len(unit)
        if current and rows * longest > max_tokens:
            out.append(current)
            current = []
        current.append(unit)
    out.append(current)
    rng.shuffle(out)
    return out
