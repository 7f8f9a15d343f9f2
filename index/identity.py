"""What an index was made with, and whether it is what the settings ask for."""

from __future__ import annotations

from pathlib import Path

from index.embed import Embedder
from index.errors import IndexMismatch
from index.schema import SCHEMA
from index.settings import ChunkSettings


def identity(embedder: Embedder, chunk: ChunkSettings) -> dict[str, str]:
    """What an index must have been made with to be searched."""
    return {
        "schema": str(SCHEMA),
        "model": embedder.name,
        "model_digest": embedder.digest,
        "dimension": str(embedder.dimension),
        "max_tokens": str(chunk.max_tokens),
        "overlap_sentences": str(chunk.overlap_sentences),
    }


def check_identity(folder: Path, meta: dict[str, str], expected: dict[str, str]) -> None:
    """Raises IndexMismatch that names both sides and the command that rebuilds."""
    if meta.get("schema") != expected["schema"]:
        raise IndexMismatch(
            f"The index in {folder} has format {meta.get('schema')}, this docqa reads {expected['schema']}. "
            "Delete that folder and run `docqa index`; the documents themselves are not touched by that."
        )
    different = [key for key, value in expected.items() if meta.get(key) != value]
    if different:
        made = ", ".join(f"{key} {meta.get(key)}" for key in different)
        wanted = ", ".join(f"{key} {expected[key]}" for key in different)
        raise IndexMismatch(
            f"The index in {folder} was made with {made}; the settings say {wanted}. "
            "Run `docqa index` to make it again with the settings, or change them back."
        )
