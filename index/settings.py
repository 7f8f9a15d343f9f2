"""The settings of loading, chunking and embedding. `qa.config` puts them together with the rest."""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

EMBEDDED_MODEL = "all-MiniLM-L6-v2"


def with_home(path: str) -> str:
    """The path with `~` or `~name` at its beginning replaced by that home folder, where there is one."""
    # Path.expanduser would fail for a user that is not known.
    return os.path.expanduser(path)  # noqa: PTH111


class Settings(BaseModel):
    """Frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LoadSettings(Settings):
    """How files are read. With a `text_column`, every row of a csv or json lines file becomes a document of its own."""

    max_file_mb: Annotated[float, Field(gt=0, le=10_000)] = 100
    text_column: str = ""
    title_column: str = ""


class ChunkSettings(Settings):
    """Passages of at most `max_tokens` embedder tokens, each beginning with the last sentences of the one before."""

    max_tokens: Annotated[int, Field(ge=16, le=8192)] = 180
    overlap_sentences: Annotated[int, Field(ge=0, le=10)] = 1


class EmbedSettings(Settings):
    """`model` is the embedded model's name, or any sentence-transformers folder or name that is on this machine."""

    model: Annotated[str, AfterValidator(with_home)] = EMBEDDED_MODEL
    precision: Literal["int8", "float32"] = "int8"
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 32
    query_prompt: str = ""
    passage_prompt: str = ""
