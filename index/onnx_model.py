"""An embedding model as an ONNX file with its tokenizer, run by ONNX Runtime: no torch at question time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from index.errors import ModelError
from index.onnx_session import open_session, side_by_side
from index.settings import EmbedSettings

CARD = "card.json"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Card:
    """A converted model: its folder, the length of its vectors and the tokens it takes, special ones included."""

    folder: Path
    dimension: int
    max_length: int


def read_card(folder: Path) -> Card | None:
    """The converted model in a folder, or None when there is none or its files are not what was written."""
    try:
        values = json.loads((folder / CARD).read_text("utf-8"))
        for name in (MODEL, TOKENIZER):
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != values["sha256"][name]:
                return None
        return Card(folder, int(values["dimension"]), int(values["max_length"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_card(card: Card) -> None:
    """Complete a folder that holds the model and its tokenizer."""
    digests = {name: hashlib.sha256((card.folder / name).read_bytes()).hexdigest() for name in (MODEL, TOKENIZER)}
    values = {"dimension": card.dimension, "max_length": card.max_length, "sha256": digests}
    (card.folder / CARD).write_text(json.dumps(values, indent=2) + "\n", "utf-8")


class OnnxEmbedder:
    """Embeds texts side by side, each on its own: a vector depends on its text only."""

    def __init__(self, card: Card, name: str, digest: str, settings: EmbedSettings) -> None:
        self.name = name
        self.digest = digest
        self.dimension = card.dimension
        try:
            self._tokenizer = Tokenizer.from_file(str(card.folder / TOKENIZER))
            self._session = open_session(str(card.folder / MODEL))
        except Exception as error:  # both libraries raise bare Exception
            raise ModelError(f"The model in {card.folder} does not load: {error}. Delete that folder.") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._passage_prompt = settings.passage_prompt
        self._query_prompt = settings.query_prompt
        self._max_length = card.max_length
        special = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self._query_tokens = card.max_length - special - len(self.token_spans(settings.query_prompt))
        self.max_tokens = card.max_length - special - len(self.token_spans(settings.passage_prompt))
        check_prompts(self.max_tokens, self._query_tokens)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """The code point range of every token of the text, in order."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimension), unit length; ModelError for a text over `max_tokens`."""
        tokens = [self._tokens(self._passage_prompt + text) for text in texts]
        vectors = side_by_side(self._vector, tokens, size=len)
        return np.array(vectors, dtype=np.float32).reshape(len(texts), self.dimension)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """One unit vector of shape (dimension,); a question over the limit is the mean of its windows."""
        return embed_windows(text, self.token_spans, self._query_tokens, self._query_window)

    def _query_window(self, text: str) -> NDArray[np.float32]:
        return self._vector(self._tokens(self._query_prompt + text))

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text).ids
        if len(ids) > self._max_length:
            raise too_long(len(ids), self._max_length)
        return ids

    def _vector(self, ids: list[int]) -> NDArray[np.float32]:
        row = np.asarray([ids], dtype=np.int64)
        output = self._session.run(None, {"input_ids": row, "attention_mask": np.ones_like(row)})
        return np.asarray(output[0], dtype=np.float32).reshape(-1)


def too_long(tokens: int, limit: int) -> ModelError:
    """The error of a passage that does not fit; it is never cut in silence."""
    return ModelError(f"A passage has {tokens} tokens and the model takes {limit}; make chunk.max_tokens smaller.")


def check_prompts(passage_tokens: int, query_tokens: int) -> None:
    """Raises ModelError when a configured prompt leaves no room for text."""
    if min(passage_tokens, query_tokens) < 1:
        raise ModelError("embed.query_prompt or embed.passage_prompt is as long as the model's limit; shorten it.")


def embed_windows(
    text: str,
    token_spans: Callable[[str], list[tuple[int, int]]],
    limit: int,
    embed: Callable[[str], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """The vector of a text of any length: its own where it fits, else the unit mean over windows of `limit` tokens."""
    spans = token_spans(text)
    if len(spans) <= limit:
        return embed(text)
    # A piece of text can have a few tokens more than the same piece had inside its text: leave room for them.
    step = max(1, limit * 7 // 8)
    total = np.zeros(0, dtype=np.float32)
    for first in range(0, len(spans), step):
        window = text[spans[first][0] : spans[min(first + step, len(spans)) - 1][1]]
        vector = embed_windows(window, token_spans, limit, embed)
        total = vector if not total.size else total + vector
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), dtype=np.float32)
