"""Questions in, cited answers out. This is all that the page, the command line and the evaluation use.

Names are imported when they are first used (PEP 562): `docqa --help` must not wait for LangChain.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.errors import (
        ConfigError,
        CorpusError,
        DocqaError,
        EvaluationError,
        IndexChanged,
        IndexDamaged,
        IndexError_,
        IndexLocked,
        IndexMismatch,
        IndexMissing,
        LoadError,
        ModelError,
        QuestionError,
        StorageError,
    )
    from index.normal import normalise
    from index.sentences import sentence_spans
    from index.store import Corpus
    from index.types import Chunk, Document, Filter, LeftOut, Progress, UpdateReport
    from qa.build import build_chain, build_index
    from qa.chain import AnswerChain
    from qa.config import Config, load_config
    from qa.port import free_port
    from qa.present import (
        Part,
        Piece,
        answer_parts,
        contradicting_claims,
        example_questions,
        excerpt,
        passage_excerpt,
    )
    from qa.source_panel import More, Place, SourcePart, SourceView, quote_check, source_part, source_view
    from qa.types import Answer, Citation, Event, Hit, Turn

_HOMES = {
    "index.errors": (
        "ConfigError",
        "CorpusError",
        "DocqaError",
        "EvaluationError",
        "IndexChanged",
        "IndexDamaged",
        "IndexError_",
        "IndexLocked",
        "IndexMismatch",
        "IndexMissing",
        "LoadError",
        "ModelError",
        "QuestionError",
        "StorageError",
    ),
    "index.normal": ("normalise",),
    "index.sentences": ("sentence_spans",),
    "index.store": ("Corpus",),
    "index.types": ("Chunk", "Document", "Filter", "LeftOut", "Progress", "UpdateReport"),
    "qa.build": ("build_chain", "build_index"),
    "qa.chain": ("AnswerChain",),
    "qa.config": ("Config", "load_config"),
    "qa.present": (
        "Part",
        "Piece",
        "answer_parts",
        "contradicting_claims",
        "example_questions",
        "excerpt",
        "passage_excerpt",
    ),
    "qa.port": ("free_port",),
    "qa.source_panel": ("More", "Place", "SourcePart", "SourceView", "quote_check", "source_part", "source_view"),
    "qa.types": ("Answer", "Citation", "Event", "Hit", "Turn"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Answer",
    "AnswerChain",
    "Chunk",
    "Citation",
    "Config",
    "ConfigError",
    "Corpus",
    "CorpusError",
    "DocqaError",
    "Document",
    "EvaluationError",
    "Event",
    "Filter",
    "Hit",
    "IndexChanged",
    "IndexDamaged",
    "IndexError_",
    "IndexLocked",
    "IndexMismatch",
    "IndexMissing",
    "LeftOut",
    "LoadError",
    "ModelError",
    "More",
    "Part",
    "Piece",
    "Place",
    "Progress",
    "QuestionError",
    "SourcePart",
    "SourceView",
    "StorageError",
    "Turn",
    "UpdateReport",
    "answer_parts",
    "build_chain",
    "build_index",
    "contradicting_claims",
    "example_questions",
    "excerpt",
    "free_port",
    "load_config",
    "normalise",
    "passage_excerpt",
    "quote_check",
    "sentence_spans",
    "source_part",
    "source_view",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
