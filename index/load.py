"""Reads a file into documents: finds its parser by suffix and turns every failure into a `LoadError`."""

from __future__ import annotations

import hashlib
import importlib
import logging
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from index.errors import LoadError
from index.parsers.parsed import Parsed, Source
from index.sentences import sentence_spans
from index.settings import LoadSettings
from index.titles import readable_name, shortened
from index.types import Document

logger = logging.getLogger(__name__)

# Raise it when a parser makes another text of a file: files that have not changed are then read again.
TEXT_VERSION = 4
_SENTENCE_TITLE_CHARACTERS = 80
# As much of a text as its first sentence is looked for in.
_BEGINNING = 2000


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: its media type and the module of `index.parsers` that reads it, imported when first needed."""

    media_type: str
    module: str


_TEXT = Format("text/plain", "plain")
_MARKDOWN = Format("text/markdown", "markdown")
_HTML = Format("text/html", "html")

SUFFIXES: Mapping[str, Format] = MappingProxyType(
    {
        ".txt": _TEXT,
        ".text": _TEXT,
        ".md": _MARKDOWN,
        ".markdown": _MARKDOWN,
        ".html": _HTML,
        ".htm": _HTML,
        ".xhtml": _HTML,
        ".pdf": Format("application/pdf", "pdf"),
        ".docx": Format("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
        ".csv": Format("text/csv", "table"),
        ".tsv": Format("text/tab-separated-values", "table"),
        ".jsonl": Format("application/jsonl", "table"),
        ".ndjson": Format("application/jsonl", "table"),
    }
)


def uri_of(path: Path, root: Path) -> str:
    """The path below `root` with forward slashes; bytes of a name that are not UTF-8 are escaped (`caf\\xe9.txt`)."""
    name = path.relative_to(root).as_posix() if path != root else "."
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def load_file(path: Path, root: Path, settings: LoadSettings) -> list[Document]:
    """The documents of one file: one, or one a row of a csv or json lines file when `settings.text_column` is set.

    `path` lies below `root`; ids are 0, the store gives them.

    Raises:
        LoadError: the file is of an unknown type, too large, empty, damaged, encrypted or without text; the message
            says which and what to do.
    """
    uri = uri_of(path, root)
    suffix = path.suffix.lower()
    try:
        if suffix not in SUFFIXES:
            raise LoadError(f"Files of this type are not supported; known are {', '.join(sorted(SUFFIXES))}.")
        data = _read(path, settings)
        parser = importlib.import_module(f"index.parsers.{SUFFIXES[suffix].module}")
        parsed: list[Parsed] = parser.parse(Source(data, suffix, settings))
        documents = [
            _document(part, uri, path, hashlib.sha256(data).hexdigest()) for part in parsed if part.text.strip()
        ]
        if not documents:
            raise LoadError("Holds no text.")
    except LoadError as error:
        raise LoadError(error.reason, uri) from error
    except RecursionError:
        raise LoadError("Its parts are nested too deeply. Save it in a simpler form.", uri) from None
    except Exception as error:
        # The parsing libraries meet files that their authors did not foresee; one file must not stop all the others.
        # The error names it to the user; where it happened is for whoever asks with --debug.
        logger.debug("%s cannot be read", uri, exc_info=True)
        raise LoadError(
            f"Damaged, or of an unknown kind ({type(error).__name__}: {error}). Save it again.", uri
        ) from error
    return documents


def _read(path: Path, settings: LoadSettings) -> bytes:
    limit = int(settings.max_file_mb * 1_000_000)
    try:
        # Opening a pipe would wait for its other end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise LoadError("Not a regular file.")
        with path.open("rb") as handle:
            data = handle.read(limit + 1)
    except OSError as error:
        raise LoadError(f"The file cannot be read: {error.strerror}.") from error
    if len(data) > limit:
        raise LoadError(f"Larger than the limit of {settings.max_file_mb:g} MB. Split it, or raise load.max_file_mb.")
    if not data.strip():
        raise LoadError("The file is empty.")
    return data


def _document(part: Parsed, uri: str, path: Path, digest: str) -> Document:
    title = part.title
    if not title:
        name = readable_name(path.stem)
        first_sentence = shortened(
            part.text[slice(*sentence_spans(part.text[:_BEGINNING])[0])], _SENTENCE_TITLE_CHARACTERS
        )
        title = name if name and part.row is None else first_sentence
    return Document(
        id=0,
        uri=uri if part.row is None else f"{uri}#{part.row}",
        title=shortened(title),
        media_type=SUFFIXES[path.suffix.lower()].media_type,
        text=part.text,
        sha256=digest if part.row is None else hashlib.sha256(part.text.encode()).hexdigest(),
        page_starts=part.page_starts,
        headings=part.headings,
    )
