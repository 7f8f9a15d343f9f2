"""Which questions the reader is trained on, and which are kept apart to tune and calibrate."""

from __future__ import annotations

import logging
import random
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from qa.train.other_words import OTHER_WORDS_FOLDER, load_other_words
from qa.train.questions import CONVERSATIONS, OTHER_WORDS, SOURCES, TABLES, WRITTEN, Question, load_squad
from qa.train.written import PARTS, WRITTEN_FOLDER, load_written
from qa.words import words

log = logging.getLogger(__name__)

PUBLIC = "public"
# What was written for docqa and is held out in part.
OWN = (WRITTEN, TABLES, CONVERSATIONS, OTHER_WORDS)
# Of the written questions that begin alike ("how old"), at most this share may have no answer.
MOST_WITHOUT_ANSWER = 0.45
# Not so NEAR_MISSES: readers seldom ask for exactly what a document tells of another, and a confidence that is made for
# such questions withholds too much.
HELD_OUT_SOURCES = {
    "squad_v1_train_sample",
    "squad_dev-v1.1.half_A.train_articles",
    "squad_dev-v2.0.half_A.train_articles",
    "unansq_squad_train",
    "disfl_qa.half_A",
    "squadshifts_new_wiki.half_A",
    "nq_open_oracle",
    "covid_qa",
    *OWN,
}


def is_held_out(question: Question) -> bool:
    """True for one article in seven of the sets that resemble real use: kept to tune and calibrate with."""
    return question.source in HELD_OUT_SOURCES and zlib.crc32(article_key(question).encode()) % 7 == 0


def article_key(question: Question) -> str:
    # The SQuAD sample has no article titles, so its paragraphs are told apart by their own text: a paragraph that
    # several files share then falls on the same side in all of them.
    return question.title or question.context[:200]


def load_all(
    folder: Path, written: Path = WRITTEN_FOLDER, other_words: Path = OTHER_WORDS_FOLDER
) -> tuple[list[Question], list[Question]]:
    """Return (training, held-out) questions of every file of `SOURCES` in `folder`, and of our own beside them.

    `written` and `other_words` are the folders of `qa.train.written` and `qa.train.other_words`.
    """
    own = {source: written / part for source, part in PARTS.items()}
    found: list[Question] = []
    for source in SOURCES:
        path = own.get(source, folder / f"{source}.json.gz")
        if source == OTHER_WORDS:
            found += even_out(load_other_words(other_words, found))
        elif not path.exists():
            log.warning("%s is missing: trained without it", path.name)
        else:
            found += even_out(load_written(path, source)) if source in own else load_squad(path)
    held_out = [q for q in found if is_held_out(q)]
    held_contexts = {q.context for q in held_out}
    return [q for q in found if q.context not in held_contexts], held_out


def even_out(questions: Sequence[Question], most: float = MOST_WITHOUT_ANSWER) -> list[Question]:
    """Leave out unanswerable questions of those openings that mostly have no answer.

    A network would learn that "how old" is never answered, and figures on such questions would flatter it.
    """
    answered = Counter(_opening(q.text) for q in questions if q.answers)
    unanswerable = sorted((q for q in questions if not q.answers), key=lambda q: zlib.crc32(q.text.encode()))
    left_out: set[Question] = set()
    seen: Counter[str] = Counter()
    for question in unanswerable:
        opening = _opening(question.text)
        seen[opening] += 1
        if seen[opening] > 1 + answered[opening] * most / (1 - most):
            left_out.add(question)
    return [q for q in questions if q not in left_out]


def _opening(question: str) -> str:
    first, second = (*words(question), "", "")[:2]
    return f"{first} {second}" if first == "how" else first


def part_of(source: str) -> str:
    """Which of the figures a source belongs to: one of our own that are held out, or the public ones."""
    return source if source in OWN else PUBLIC


def sample_by_source(questions: Sequence[Question], count: int, seed: int) -> dict[str, list[Question]]:
    """At most `count` of the questions of each part, where there are any; see `part_of`."""
    parts: dict[str, list[Question]] = {}
    for question in questions:
        parts.setdefault(part_of(question.source), []).append(question)
    drawn = random.Random(seed)
    return {source: drawn.sample(part, min(count, len(part))) for source, part in parts.items()}
