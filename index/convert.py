"""Converts a sentence-transformers model to ONNX once, and runs those that cannot be converted. Imports torch."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from index.errors import ModelError, StorageError
from index.onnx_model import (
    MODEL,
    TOKENIZER,
    Card,
    OnnxEmbedder,
    check_prompts,
    embed_windows,
    too_long,
    write_card,
)
from index.onnx_session import processors
from index.settings import EmbedSettings

# Different lengths, a question, another script, odd characters: what an unfaithful conversion would stumble over.
PROBES = (
    "The council meets on the first Monday of every month.",
    "Who signed the agreement?",
    "Les élèves étaient déjà arrivés; 東京は日本の首都です。 🙂",
    "word " * 100,
    "x",
)
# Measured for the embedded model: float32 1.0000, int8 at least .987 over 120 passages.
LEAST_COSINE = {"float32": 0.9999, "int8": 0.95}

log = logging.getLogger(__name__)


def load_sentence_transformer(name: str, folder: Path) -> SentenceTransformer:
    """The model of a folder, on the CPU. Raises ModelError."""
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except Exception as error:  # whatever a model's files make transformers raise
        raise ModelError(f"The model {name} ({folder}) does not load by sentence-transformers: {error}") from error


def convert(model: SentenceTransformer, folder: Path, precision: Literal["int8", "float32"]) -> Card | None:
    """Write the model as ONNX into `folder`, all of it or nothing.

    int8 is dynamic quantisation, weights per output channel and of seven bits: with eight, processors without VNNI
    saturate in their 16-bit sums and compute something else. Seven cost .001 of cosine and give every machine the
    same integers.

    Returns:
        The card of the converted model; None and a log line when it cannot be converted or computes something else.

    Raises:
        StorageError: the folder cannot be written.
    """
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix="unfinished-", dir=folder.parent))
        card = _convert(model, temporary, precision)
        if card is None:
            return None
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
        return Card(folder, card.dimension, card.max_length)
    except OSError as error:
        raise StorageError(f"The converted model cannot be written to {folder}: {error.strerror or error}.") from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _convert(model: SentenceTransformer, folder: Path, precision: Literal["int8", "float32"]) -> Card | None:
    plain = folder / "float32.onnx"
    try:
        (folder / TOKENIZER).write_text(model.tokenizer.backend_tokenizer.to_str(), "utf-8")
        _export(model, plain)
        if precision == "int8":
            quantise(plain, folder / MODEL)
            plain.unlink()
        else:
            plain.rename(folder / MODEL)
        card = Card(folder, int(model.get_embedding_dimension() or 0), int(model.get_max_seq_length() or 512))
        worst = _least_cosine(model, card)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  an exporter raises anything for a model that it does not know
        log.warning("The model cannot be converted to ONNX (%s); running it with torch, which is slower.", error)
        return None
    if worst < LEAST_COSINE[precision]:
        log.warning("The model converted to ONNX computes something else (cosine %.4f); running it with torch.", worst)
        return None
    write_card(card)
    return card


class _UnitVector(torch.nn.Module):
    """Transformer, pooling and whatever else the model has, then length one."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
        return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)


def _export(model: SentenceTransformer, path: Path) -> None:
    batch = model.tokenizer(["a first text", "two"], padding=True, return_tensors="pt")
    axes = {0: "batch", 1: "length"}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The graph of the tracing exporter runs 15 % faster than that of torch.export here, and needs no onnxscript.
        torch.onnx.export(
            _UnitVector(model).eval(),
            (batch["input_ids"], batch["attention_mask"]),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["unit_vector"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "unit_vector": {0: "batch"}},
            dynamo=False,
        )


def quantise(source: Path, target: Path, reduce_range: bool = True, exact: Sequence[str] = ()) -> None:
    """Write an ONNX file with int8 weights per output channel, of seven bits with `reduce_range`, else of eight.

    The nodes named in `exact` keep their weights as 32-bit floats.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it advises, on the root logger, what changes nothing for a dynamic quantisation
    try:
        quantize_dynamic(
            source,
            target,
            per_channel=True,
            reduce_range=reduce_range,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(exact),
        )
    finally:
        root.setLevel(level)


def _least_cosine(model: SentenceTransformer, card: Card) -> float:
    converted = OnnxEmbedder(card, "", "", EmbedSettings())
    probes = [text for text in PROBES if len(converted.token_spans(text)) <= converted.max_tokens]
    expected = _encode(model, probes, len(probes))
    found = converted.embed_passages(probes)
    return float((expected * found).sum(axis=1).min())


def _encode(model: SentenceTransformer, texts: list[str], batch_size: int) -> NDArray[np.float32]:
    vectors: Any = model.encode(
        texts,
        batch_size=batch_size,
        normalize_embeddings=True,
        show_progress_bar=False,
        prompt="",
        convert_to_numpy=True,
    )
    return np.asarray(vectors, dtype=np.float32)


class SentenceTransformersEmbedder:
    """An `Embedder` for models that cannot be converted: sentence-transformers itself, on the CPU."""

    def __init__(self, model: SentenceTransformer, name: str, digest: str, settings: EmbedSettings) -> None:
        torch.set_num_threads(processors())
        self.name = f"{name} torch"
        self.digest = digest
        self.dimension = int(model.get_embedding_dimension() or 0)
        self._model = model
        self._settings = settings
        special = len(model.tokenizer("")["input_ids"])
        self._max_length = int(model.get_max_seq_length() or 512)
        self.max_tokens = self._max_length - special - len(self.token_spans(settings.passage_prompt))
        self._query_tokens = self._max_length - special - len(self.token_spans(settings.query_prompt))
        check_prompts(self.max_tokens, self._query_tokens)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """The code point range of every token of the text, in order."""
        backend = self._model.tokenizer.backend_tokenizer
        backend.no_truncation()
        return list(backend.encode(text, add_special_tokens=False).offsets)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimension), unit length; ModelError for a text over `max_tokens`."""
        prompted = [self._settings.passage_prompt + text for text in texts]
        special = self._max_length - self.max_tokens
        for text in texts:
            if (tokens := len(self.token_spans(text))) > self.max_tokens:
                raise too_long(tokens + special, self._max_length)
        if not prompted:
            return np.empty((0, self.dimension), dtype=np.float32)
        return _encode(self._model, prompted, self._settings.batch_size)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """One unit vector of shape (dimension,); a question over the limit is the mean of its windows."""
        return embed_windows(
            text,
            self.token_spans,
            self._query_tokens,
            lambda window: _encode(self._model, [self._settings.query_prompt + window], 1)[0],
        )
