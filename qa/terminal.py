"""How answers, passages, updates and the index's state look in a terminal.

Everything that comes from documents passes through `plain`: a document cannot move the cursor, set the window's title
or turn the reading direction.
"""

from __future__ import annotations

import json
import logging
import sys
import textwrap
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from index.types import CorpusStatus
    from qa import Answer, Citation, Hit, LeftOut, Progress, UpdateReport

log = logging.getLogger(__name__)

PASSAGE_CHARACTERS = 300
CLOSEST_PASSAGES = 3
QUIET_SECONDS = 10
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain(text: str) -> str:
    """The text on one line, with what a terminal would obey (control characters, direction marks) as U+FFFD."""
    return " ".join(harmless(text).split())


def answer_lines(answer: Answer) -> Iterator[str]:
    """The answer with its markers, and beneath it every source with the words that it says."""
    if answer.abstained:
        yield f"The documents do not answer this. {plain(answer.reason)}"
        if answer.hits:
            yield "\nClosest passages:"
            yield from passage_lines(answer.hits[:CLOSEST_PASSAGES])
        return
    yield from (plain(line) for line in answer.text.splitlines())
    yield f"\nSources (confidence {answer.confidence:.2f}):"
    for citation in answer.citations:
        yield f"[{citation.n}] {_place(citation.title, citation.page, citation.uri)}"
        yield f"    “{_quote(citation)}”"


def passage_lines(hits: Iterable[Hit], scores: bool = False) -> Iterator[str]:
    """Passages, best first: where they stand, how they begin, and on request what their score was made of."""
    for rank, hit in enumerate(hits, start=1):
        yield f"{rank}. {_place(hit.title, hit.page, hit.uri)}"
        if scores:
            parts = {"cosine": hit.cosine, "BM25": hit.bm25, "fused": hit.fused}
            line = ", ".join(f"{name} {value:.3f}" for name, value in parts.items() if value is not None)
            yield f"   {click.style(line, dim=True)}"
        yield f"   {textwrap.shorten(plain(hit.chunk.text), PASSAGE_CHARACTERS, placeholder=' …')}"


def report_lines(report: UpdateReport) -> Iterator[str]:
    """What an update of the index did."""
    yield from left_out_lines(report.left_out)
    counts = ", ".join(
        f"{getattr(report, name)} {name}" for name in ("added", "changed", "moved", "deleted", "unchanged")
    )
    yield f"{report.documents:,} documents, {report.chunks:,} passages after {report.seconds:.1f} s: {counts}."


def left_out_lines(left_out: Iterable[LeftOut]) -> Iterator[str]:
    """The files that could not be read, and why."""
    for file in left_out:
        kept = " Its last good text stays in the index." if file.stale else ""
        yield f"left out: {plain(file.uri)}: {plain(file.reason)}{kept}"


def settings_lines(settings: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Every setting's dotted path, its value as docqa.toml would say it, and where it comes from."""
    yield "Settings"
    yield from _table(
        {
            path: f"{json.dumps(setting['value'], default=str, ensure_ascii=False)}  ({setting['from']})"
            for path, setting in settings.items()
        }
    )


def state_lines(models: Mapping[str, str], state: CorpusStatus) -> Iterator[str]:
    """The models with their digests, and what the index holds and lacks."""
    yield "\nModels"
    yield from _table(models)
    yield "\nIndex"
    yield from _table(
        {
            "folder": state.root or "not known before the next update",
            "documents": f"{state.documents:,}",
            "passages": f"{state.chunks:,}",
            "left out": f"{len(state.left_out):,} files, {state.stale:,} of them with their last good text",
            "size": f"{state.size / 1e6:,.1f} MB",
            "generation": str(state.generation),
        }
    )
    yield from left_out_lines(state.left_out)


def _table(rows: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, rows))
    for name, value in rows.items():
        yield f"  {name:<{width}}  {plain(value)}"


@contextmanager
def progress_display() -> Iterator[Progress]:
    """A bar on a terminal, elsewhere a log line now and then; both on stderr."""
    if not sys.stderr.isatty():
        told = time.monotonic()

        def tell(step: str, done: int, total: int) -> None:
            nonlocal told
            if time.monotonic() - told >= QUIET_SECONDS:
                told = time.monotonic()
                log.info("%s: %s of %s", step, f"{done:,}", f"{total:,}")

        yield tell
        return

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks = {}

        def draw(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield draw


def _place(title: str, page: int | None, uri: str) -> str:
    where = plain(title) + (f", page {page}" if page is not None else "")
    return f"{click.style(where, bold=True)} ({plain(uri)})"


def _quote(citation: Citation) -> str:
    """The quote, with the part that answers most directly in bold."""
    start, end = (offset - citation.start for offset in citation.span or (citation.end, citation.end))
    before, span, after = (
        harmless(part) for part in (citation.quote[:start], citation.quote[start:end], citation.quote[end:])
    )
    return " ".join(f"{before}{click.style(span, bold=True) if span else ''}{after}".split())


def harmless(text: str) -> str:
    """The text with a blank for every blank character and U+FFFD for what a terminal would obey."""
    return "".join(" " if c.isspace() else "\ufffd" if _commands(c) else c for c in text)


def _commands(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _BIDIRECTIONAL
