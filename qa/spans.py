"""The reader's network at run time: onnxruntime and a tokenizer, no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.errors import ModelError
from index.onnx_session import open_session, side_by_side
from qa.pairs import Pair, PairEncoder

MODEL_FILE = "reader.onnx"
TOKENIZER_FILE = "tokenizer.json"
MAX_ANSWER_TOKENS = 30


@dataclass(frozen=True, slots=True)
class PassageReading:
    """What the network says of one passage, in logits.

    `start` and `end` are the inclusive token positions, within the passage, of its best answer; `margin` the lead of
    that answer over no answer at [CLS]; `score` whether the passage answers at all; `evidence` (n passage tokens,)
    whether each token belongs to a sentence that answers.
    """

    pair: Pair
    start: int
    end: int
    margin: float
    score: float
    evidence: NDArray[np.float32]

    @property
    def span(self) -> tuple[int, int]:
        """The best answer as a code point range of the passage's text."""
        return self.pair.offsets[self.start][0], self.pair.offsets[self.end][1]


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
        """Read (title, text) passages, each of which must hold at least one token."""
        pairs = [self.pairs.encode(question, title, text) for title, text in passages]
        return side_by_side(self._read, pairs, size=lambda pair: len(pair.ids))

    def _read(self, pair: Pair) -> PassageReading:
        feed = {
            "input_ids": np.array([pair.ids], np.int64),
            "token_type_ids": np.array([pair.types], np.int64),
            "attention_mask": np.ones((1, len(pair.ids)), np.int64),
        }
        start, end, evidence, score = (o[0] for o in self._session.run(["start", "end", "evidence", "score"], feed))
        first, last = pair.passage
        a, b, value = best_span(start[first:last], end[first:last])
        null = float(start[0] + end[0])
        return PassageReading(pair, a, b, value - null, float(score), evidence[first:last])


def best_span(start: NDArray[np.float32], end: NDArray[np.float32]) -> tuple[int, int, float]:
    """The inclusive span of at most `MAX_ANSWER_TOKENS` tokens with the highest start + end logit, and that sum.

    `start` and `end` have the shape (n,), n > 0. Source: Devlin et al. 2019 (BERT), section 4.2.
    """
    scores = start[:, None] + end[None, :]
    n = len(start)
    rows, columns = np.indices((n, n), sparse=True)
    scores = np.where((columns >= rows) & (columns - rows < MAX_ANSWER_TOKENS), scores, -np.inf)
    flat = int(scores.argmax())
    return flat // n, flat % n, float(scores.flat[flat])
