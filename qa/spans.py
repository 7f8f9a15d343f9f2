"""The reader's network at run time: onnxruntime and a tokenizer, no torch."""

from __future__ import annotations

import hashlib
import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.errors import ModelError
from index.onnx_session import open_session, side_by_side
from qa.pairs import WINDOW_OVERLAP, Pair, PairEncoder

MODEL_FILE = "reader.onnx"
TOKENIZER_FILE = "tokenizer.json"
MAX_ANSWER_TOKENS = 30
_BRACKETS = {"(": ")", "[": "]", "“": "”"}
_MARKS = " \t\n.,;:!?"
# A full stop that belongs to its word: "Washington D.C."
_INITIALS = re.compile(r"(?:^|\W)(?:[^\W\d_]\.)+$")
# What a sentence's probability is at least, so that its logarithm stays a number.
SMALLEST_PROBABILITY = 1e-6


@dataclass(frozen=True, slots=True)
class SentenceReading:
    """The best answer that begins in one sentence of a passage.

    `sentence` and `span` are code point ranges of the passage's text; `logit` is the span's start + end logit,
    `log_probability` that of the answer beginning in this sentence, against every other place and no answer;
    `evidence` the mean probability of the sentence's tokens to belong to a sentence that answers.
    """

    sentence: tuple[int, int]
    span: tuple[int, int]
    logit: float
    log_probability: float
    evidence: float


@dataclass(frozen=True, slots=True)
class PassageReading:
    """What the network says of one passage, in logits.

    `offsets` has the code point range of each token in the passage's text. `start`, `end` and `evidence` have the shape
    (n passage tokens,): whether an answer begins there, ends there, and whether the token belongs to a sentence that
    answers. `null` is the start + end logit of no answer, at [CLS]; `score` says whether the passage answers at all.
    """

    offsets: list[tuple[int, int]]
    start: NDArray[np.float32]
    end: NDArray[np.float32]
    evidence: NDArray[np.float32]
    null: float
    score: float

    def best(self) -> tuple[tuple[int, int], float]:
        """The best answer as a code point range of the passage's text, and its lead over no answer."""
        a, b, logit = best_span(self.start, self.end)
        return self._text_range(a, b), logit - self.null

    def sentences(self, ranges: Sequence[tuple[int, int]]) -> list[SentenceReading]:
        """The best answer in each of these ranges of the passage's text; one that holds no token is left out."""
        scores = span_scores(self.start, self.end)
        flat = scores.astype(np.float64)
        top = max(float(flat.max()), self.null)
        weights = np.exp(flat - top)
        total = float(weights.sum()) + math.exp(self.null - top)
        likely = 1 / (1 + np.exp(-self.evidence.astype(np.float64)))
        begins = [a for a, _ in self.offsets]
        found = []
        for a, b in ranges:
            first, last = bisect_left(begins, a), bisect_left(begins, b)
            if first == last:
                continue
            row, length = divmod(int(scores[first:last].argmax()), MAX_ANSWER_TOKENS)
            mass = float(weights[first:last].sum()) / total
            found.append(
                SentenceReading(
                    (a, b),
                    self._text_range(first + row, first + row + length),
                    float(scores[first + row, length]),
                    math.log(max(mass, SMALLEST_PROBABILITY)),
                    float(likely[first:last].mean()),
                )
            )
        return found

    def _text_range(self, first: int, last: int) -> tuple[int, int]:
        return self.offsets[first][0], self.offsets[last][1]


def model_folder() -> Path:
    """Where the weights that ship with docqa lie."""
    return Path(str(resources.files("qa"))) / "models" / "reader"


class SpanNetwork:
    """Runs the exported network over pairs of a question and a passage."""

    def __init__(self, folder: Path, digest: str | None = None) -> None:
        """Load `reader.onnx` and `tokenizer.json` of the folder.

        Raises:
            ModelError: when a file is missing, does not load, or its sha256 is not `digest`.
        """
        path = folder / MODEL_FILE
        try:
            content = path.read_bytes()
            self.digest = hashlib.sha256(content).hexdigest()
            if digest is not None and self.digest != digest:
                raise ModelError(
                    f"{path} is not the file this version of docqa was calibrated with: install docqa again."
                )
            self.pairs = PairEncoder(Tokenizer.from_file(str(folder / TOKENIZER_FILE)))
            self._session = open_session(content)
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(f"{path} cannot be loaded ({error}): install docqa again.") from error

    def read(self, question: str, passages: Sequence[tuple[str, str]]) -> list[PassageReading]:
        """Read (title, text) passages, each of which must hold at least one token; a long one in several windows."""
        windows = [self.pairs.windows(question, title, text) for title, text in passages]
        pairs = [pair for of_passage in windows for pair in of_passage]
        readings = iter(side_by_side(self._read, pairs, size=lambda pair: len(pair.ids)))
        return [_joined([next(readings) for _ in of_passage]) for of_passage in windows]

    def _read(self, pair: Pair) -> PassageReading:
        feed = {
            "input_ids": np.array([pair.ids], np.int64),
            "token_type_ids": np.array([pair.types], np.int64),
            "attention_mask": np.ones((1, len(pair.ids)), np.int64),
        }
        start, end, evidence, score = (o[0] for o in self._session.run(["start", "end", "evidence", "score"], feed))
        inside = slice(*pair.passage)
        return PassageReading(
            pair.offsets, start[inside], end[inside], evidence[inside], float(start[0]) + float(end[0]), float(score)
        )


def _joined(windows: list[PassageReading]) -> PassageReading:
    """One reading from those of a passage's windows, in order.

    Of the tokens that two share, each gives the half that it has seen more text around. A passage answers where one of
    its windows does: its `score` is the highest, its `null` the lowest, as in BERT's run_squad.py.
    """
    half, last = WINDOW_OVERLAP // 2, len(windows) - 1
    own = [slice(half if i else 0, len(w.start) - half if i < last else None) for i, w in enumerate(windows)]
    start, end, evidence = (
        np.concatenate([getattr(window, name)[part] for window, part in zip(windows, own, strict=True)])
        for name in ("start", "end", "evidence")
    )
    return PassageReading(
        [offset for window, part in zip(windows, own, strict=True) for offset in window.offsets[part]],
        start,
        end,
        evidence,
        null=min(window.null for window in windows),
        score=max(window.score for window in windows),
    )


def span_scores(start: NDArray[np.float32], end: NDArray[np.float32]) -> NDArray[np.float32]:
    """Start + end logit of every span of at most `MAX_ANSWER_TOKENS` tokens; (n,) and (n,) to (n, longest).

    Row i, column j is the span of the tokens i to i + j; one that would run past the end scores -inf.
    """
    padded = np.concatenate([end, np.full(MAX_ANSWER_TOKENS - 1, -np.inf, end.dtype)])
    return np.asarray(start[:, None] + sliding_window_view(padded, MAX_ANSWER_TOKENS))


def best_span(start: NDArray[np.float32], end: NDArray[np.float32]) -> tuple[int, int, float]:
    """The inclusive span of at most `MAX_ANSWER_TOKENS` tokens with the highest start + end logit, and that sum.

    `start` and `end` have the shape (n,), n > 0. Source: Devlin et al. 2019 (BERT), section 4.2.
    """
    scores = span_scores(start, end)
    first, length = divmod(int(scores.argmax()), MAX_ANSWER_TOKENS)
    return first, first + length, float(scores[first, length])


def tidy_span(text: str, start: int, end: int) -> tuple[int, int]:
    """The span [start, end) of the text without stray marks at its ends, and with both brackets of a pair or none.

    The network chooses tokens, and a bracket or a full stop is one of its own.
    """
    for opening, closing in _BRACKETS.items():
        inside = text[start:end]
        if inside.count(opening) > inside.count(closing):
            if found := re.compile(rf"[.,;:!?]*{re.escape(closing)}").match(text, end):
                end = found.end()
            else:
                start, end = _longer_side(start, start + inside.rindex(opening), end)
        elif inside.count(closing) > inside.count(opening):
            if text[start - 1 : start] == opening:
                start -= 1
            else:
                start, end = _longer_side(start, start + inside.index(closing), end)
    while start < end and text[start] in _MARKS:
        start += 1
    while start < end and text[end - 1] in _MARKS and not _INITIALS.search(text[start:end]):
        end -= 1
    return start, end


def _longer_side(start: int, mark: int, end: int) -> tuple[int, int]:
    return (start, mark) if mark - start > end - mark - 1 else (mark + 1, end)
