"""Training units of the reader: questions in, labelled token ids in batches out.

A *unit* is one question with one or two passages: the passage the question belongs to and, for a share of the
questions, a hard negative, either another passage or what is left of this one without its answer. They stay in one
batch so that the shared normalisation of Clark and Gardner (2018, "Simple and Effective Multi-Paragraph Reading
Comprehension", section 3) can compare them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from index.sentences import sentence_range, sentence_spans
from qa.pairs import Pair, PairEncoder
from qa.train.harder import (
    among_others,
    make_unanswerable,
    mistype,
    other_paragraphs,
    with_neighbours,
    without_answer,
)
from qa.train.questions import SINGLE_SENTENCES, SOURCES, Question

Reword = Callable[[str, random.Random], str]

# Lengths are padded to a multiple of this: bfloat16 products of odd sizes are slow on a processor.
LENGTH_STEP = 16
# What may stand beside a single sentence as another one, in characters.
LONGEST_SENTENCE = 320
# What passages of an index hold at most, in characters.
LONGEST_PASSAGE = 1000
# Shares of the questions that get another passage as a hard negative, that get their own without its answer, and that
# are turned into unanswerable ones.
NEGATIVE_SHARE = 0.32
WITHOUT_ANSWER_SHARE = 0.16
ADVERSARIAL_SHARE = 0.10
# The share of the questions with a known document that get one or two of its other paragraphs as hard negatives.
SAME_DOCUMENT_SHARE = 0.6
# The share that is asked in other words.
REWORDED_SHARE = 0.2
# Shares of the questions as hurried readers type them.
MISTYPED_SHARE = 0.06
NO_QUESTION_MARK_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Example:
    """A pair with its labels.

    `span` is the inclusive token range of the answer, (0, 0) when there is none; `evidence` that of the sentence or
    sentences which hold it.
    """

    pair: Pair
    span: tuple[int, int]
    evidence: tuple[int, int]


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
    borders = {a for a, _ in sentence_spans(context)}
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
    reword: Reword | None = None,
) -> Iterator[list[Example]]:
    """The units of one epoch in random order; the same seed and epoch give the same units.

    `reword` asks a question in other words, see `qa.train.synonyms`.
    """
    rng = random.Random(f"{seed}-{epoch}")
    order = [
        i
        for i, q in enumerate(training)
        for _ in range(int(SOURCES[q.source]) + (rng.random() < SOURCES[q.source] % 1))
    ]
    rng.shuffle(order)
    for i in order:
        question = training[i]
        title = question.title if rng.random() < 0.7 else ""
        if question.source in SINGLE_SENTENCES:
            short = [text for text in negatives[i] if len(text) <= LONGEST_SENTENCE]
            question = among_others(question, short, rng)
        if question.paragraphs:
            question = with_neighbours(question, LONGEST_PASSAGE, rng)
        if question.answers and rng.random() < ADVERSARIAL_SHARE:
            question = make_unanswerable(question, rng) or question
        answer = rng.choice(question.answers) if question.answers else None
        text = question.text
        if reword is not None and rng.random() < REWORDED_SHARE:
            text = reword(text, rng)
        text = _as_typed(text, rng)
        unit = [encoder.encode(text, title, question.context, answer, rng)]
        draw = rng.random()
        if question.answers and draw < SAME_DOCUMENT_SHARE and (others := other_paragraphs(question)):
            drawn = rng.sample(others, min(len(others), rng.randint(1, 2)))
            unit.extend(encoder.encode(text, title, other, None, rng) for other in drawn)
        elif draw < NEGATIVE_SHARE and negatives[i] and not question.adversarial:
            other = rng.choice(negatives[i])
            unit.append(encoder.encode(text, title if rng.random() < 0.5 else "", other, None, rng))
        elif draw > 1 - WITHOUT_ANSWER_SHARE and (rest := without_answer(question)):
            unit.append(encoder.encode(text, title, rest, None, rng))
        yield unit


def _as_typed(text: str, rng: random.Random) -> str:
    if rng.random() < NO_QUESTION_MARK_SHARE:
        text = text.rstrip(" ?")
    return mistype(text, rng) if rng.random() < MISTYPED_SHARE else text


def padded(pairs: Iterable[Pair]) -> int:
    """The length in tokens that these pairs are padded to in one batch."""
    return -(-max(len(pair.ids) for pair in pairs) // LENGTH_STEP) * LENGTH_STEP


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
    block.sort(key=lambda unit: padded(example.pair for example in unit))
    out: list[list[list[Example]]] = []
    current: list[list[Example]] = []
    for unit in block:
        longest = padded(example.pair for example in unit)
        rows = sum(len(u) for u in current) + len(unit)
        if current and rows * longest > max_tokens:
            out.append(current)
            current = []
        current.append(unit)
    out.append(current)
    rng.shuffle(out)
    return out
