"""Settings: defaults, then `docqa.toml`, then `DOCQA_*` variables, then flags, each stronger than the one before."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from index.errors import ConfigError
from index.settings import ChunkSettings, EmbedSettings, LoadSettings, Settings

PREFIX = "DOCQA_"
CONFIG_FILE = Path("docqa.toml")


class RetrievalSettings(Settings):
    """`candidates` passages from each of BM25 and vectors are fused by reciprocal rank with the constant `rrf_k`."""

    candidates: Annotated[int, Field(ge=1, le=1000)] = 50
    rrf_k: Annotated[int, Field(ge=1, le=10_000)] = 60


class ReadSettings(Settings):
    """The reader reads the best `passages`; below `threshold` (calibrated probability, None: the fitted one) it abstains."""

    reader: Literal["cross-encoder", "sentence-ranker"] = "sentence-ranker"
    passages: Annotated[int, Field(ge=1, le=100)] = 8
    threshold: Annotated[float | None, Field(ge=0, le=1)] = None


class ChatSettings(Settings):
    """Where the chat page listens; `share` publishes it through Gradio's tunnel and is off unless asked for."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 7860
    share: bool = False


class Config(Settings):
    """All settings. Paths are taken as they are, relative ones from the working folder."""

    corpus: Path = Path("seeds")
    index_dir: Path = Path(".docqa")
    load: LoadSettings = LoadSettings()
    chunk: ChunkSettings = ChunkSettings()
    embed: EmbedSettings = EmbedSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    read: ReadSettings = ReadSettings()
    chat: ChatSettings = ChatSettings()


def load_config(
    flags: Mapping[str, Any] | None = None,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Config:
    """Resolve the settings.

    `flags` are dotted paths ("chat.port") to values, None values are ignored; `file` must exist when it is given,
    otherwise `docqa.toml` of the working folder is read if there is one. Variables look like `DOCQA_CHAT__PORT`.

    Raises:
        ConfigError: naming the key's path and what is allowed.
    """
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    path = file or CONFIG_FILE
    if file is not None or path.exists():
        for key, value in _flatten(_read_toml(path)).items():
            _put(values, origin, key, value, str(path))
    for name, text in sorted((os.environ if environment is None else environment).items()):
        if name.startswith(PREFIX):
            key = name.removeprefix(PREFIX).lower().replace("__", ".")
            _put(values, origin, key, text, name)
    for key, value in (flags or {}).items():
        if value is not None:
            _put(values, origin, key, value, "--" + key.rsplit(".", 1)[-1].replace("_", "-"))
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, origin)) from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as handle:
            return tomllib.load(handle)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}. Compare it with docqa.toml.example.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _put(values: dict[str, Any], origin: dict[str, str], key: str, value: Any, source: str) -> None:
    node = values
    *parents, leaf = key.split(".")
    for parent in parents:
        node = node.setdefault(parent, {})
        if not isinstance(node, dict):
            raise ConfigError(f"{key} (from {source}): {parent} is a value, not a section.")
    node[leaf] = value
    origin[key] = source


def _explain(error: ValidationError, origin: Mapping[str, str]) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    source = origin.get(key) or next((s for k, s in origin.items() if k.startswith(key)), "")
    where = f"{key} (from {source})" if source else key
    if first["type"] == "extra_forbidden":
        return f"{where}: there is no such setting. Known here: {', '.join(_known(key))}."
    return f"{where}: {first['msg']}, got {json.dumps(first['input'], default=str)}."


def _known(key: str) -> list[str]:
    model: Any = Config
    for part in key.split(".")[:-1]:
        model = model.model_fields[part].annotation
    return sorted(model.model_fields)
