"""Settings: defaults, then `docqa.toml`, then `DOCQA_*` variables, then flags, each stronger than the one before."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, Field, ValidationError
from pydantic.fields import FieldInfo

from index.errors import ConfigError
from index.settings import ChunkSettings, EmbedSettings, LoadSettings, Settings, with_home

PREFIX = "DOCQA_"
CONFIG_FILE = Path("docqa.toml")

HomePath = Annotated[Path, AfterValidator(lambda path: Path(with_home(str(path))))]


class RetrievalSettings(Settings):
    """`candidates` passages from each of BM25 and vectors are fused; `cosine_share` is the weight of the vectors."""

    candidates: Annotated[int, Field(ge=1, le=1000)] = 50
    cosine_share: Annotated[float, Field(ge=0, le=1)] = 0.67


class ReadSettings(Settings):
    """The reader reads the best `passages`.

    Below `threshold`, a calibrated probability, docqa abstains; None: the threshold fitted to the reader.
    """

    reader: Literal["cross-encoder", "sentence-ranker"] = "cross-encoder"
    passages: Annotated[int, Field(ge=1, le=100)] = 8
    threshold: Annotated[float | None, Field(ge=0, le=1)] = None


class ChatSettings(Settings):
    """Where the chat page listens; `share` publishes it through Gradio's tunnel and is off unless asked for."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 7860
    share: bool = False


class Config(Settings):
    """All settings. Relative paths are taken from the working folder; `~` is the home folder."""

    corpus: HomePath = Path("seeds")
    index_dir: HomePath = Path(".docqa")
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
    return resolve_config(flags, file, environment)[0]


def resolve_config(
    flags: Mapping[str, Any] | None = None,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[Config, dict[str, str]]:
    """As `load_config`, with the source of every setting that is not left at its default: dotted path to its name."""
    given: list[tuple[str, Any, str]] = []
    path = Path(with_home(str(file or CONFIG_FILE)))
    if file is not None or path.exists():
        given += [(key, value, str(path)) for key, value in _flatten(_read_toml(path))]
    for name, text in sorted((os.environ if environment is None else environment).items()):
        if name.startswith(PREFIX):
            given.append((name.removeprefix(PREFIX).lower().replace("__", "."), text, name))
    for key, value in (flags or {}).items():
        if value is not None:
            given.append((key, value, "--" + key.rsplit(".", 1)[-1].replace("_", "-")))

    known = dict(setting_fields())
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for key, value, source in given:
        if key not in known:
            if value == {} and _names_below(f"{key}.", known):
                continue
            raise ConfigError(f"{key} (from {source}): {_unknown(key, known)}")
        if _misread(known[key], value):
            raise ConfigError(_refusal(key, source, value, known[key]))
        node = values
        *sections, leaf = key.split(".")
        for section in sections:
            node = node.setdefault(section, {})
        node[leaf] = value
        origin[key] = source
    try:
        return Config.model_validate(values), origin
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(_refusal(key, origin[key], first["input"], known[key])) from None


def setting_fields(model: type[Settings] = Config, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting's dotted path and its field, in the order of the classes."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
            yield from setting_fields(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, field


def allowed(field: FieldInfo) -> str:
    """In words, what a setting may be: "a whole number from 0 to 65535"."""
    kind: Any = field.annotation
    if isinstance(kind, UnionType):
        (kind,) = (part for part in get_args(kind) if part is not NoneType)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(json.dumps(choice) for choice in get_args(kind))
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", Path: "a path"}[kind]
    limits = {
        name: getattr(item, name) for item in field.metadata for name in ("gt", "ge", "le") if hasattr(item, name)
    }
    if "gt" in limits:
        words += f" above {limits['gt']:g}"
    if "ge" in limits:
        words += f" from {limits['ge']:g}"
    if "le" in limits:
        words += f" to {limits['le']:g}" if "ge" in limits else f" and at most {limits['le']:g}"
    return words


def _misread(field: FieldInfo, value: Any) -> bool:
    """Pydantic would take true for 1, and an empty path for the working folder; neither is meant."""
    return (isinstance(value, bool) and field.annotation is not bool) or (value == "" and field.annotation is Path)


def _refusal(key: str, source: str, value: Any, field: FieldInfo) -> str:
    return f"{key} (from {source}): {json.dumps(value, default=str, ensure_ascii=False)} is not {allowed(field)}."


def _unknown(key: str, known: Mapping[str, FieldInfo]) -> str:
    if inside := _names_below(f"{key}.", known):
        return f"this is a section, not a value. It holds {', '.join(inside)}."
    *sections, _ = key.split(".")
    while sections and not _names_below(".".join(sections) + ".", known):
        sections.pop()
    names = ", ".join(_names_below("".join(f"{section}." for section in sections), known))
    return f"there is no such setting. Known{' in ' + '.'.join(sections) if sections else ''}: {names}."


def _names_below(section: str, known: Mapping[str, FieldInfo]) -> list[str]:
    """The names directly in a section, given with its last dot ("" for the top)."""
    return sorted({path.removeprefix(section).split(".")[0] for path in known if path.startswith(section)})


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as handle:
            return tomllib.load(handle)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}. Compare it with docqa.toml.example.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
