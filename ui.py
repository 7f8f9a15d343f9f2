"""The chat page: the conversation on one side, the cited document with the quote highlighted on the other.

Python makes every block of the page from the templates in `assets/`, in which Jinja escapes all that comes from
documents, questions and answers; the scripts there only put blocks in their place. A conversation belongs to one
browser tab and is never longer than `MAX_TURNS`. A document is sent in parts around what is read, never as a whole.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain as concatenated
from itertools import islice, pairwise, zip_longest
from pathlib import Path
from typing import Annotated, Any

import click
import gradio as gr
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, NonNegativeInt, Strict, ValidationError

from qa import Answer, AnswerChain, Citation, Config, ConfigError, DocqaError, Document, Turn, build_chain, load_config

logger = logging.getLogger(__name__)

ASSETS = Path(__file__).with_name("assets")
MAX_TURNS = 12
MAX_SESSIONS = 200
SESSION_SECONDS = 86_400
SHOWN_CHARACTERS = 4_000
MAX_QUOTE_CHARACTERS = 40_000
MAX_EXAMPLES = 4
SHOWN_DOCUMENTS = 200
CONFIDENCE = ((0.75, "confident", ""), (0.5, "likely", "check the source"), (0.0, "unsure", "read the source first"))
FAILED = "Something went wrong while this was answered; the log of docqa says what."

_MARKER = re.compile(r"\[(\d+)\]")
# Two to four capitalised words that do not begin a sentence.
_NAME = re.compile(r"(?<=[a-zß-ÿα-ωа-я,] )[A-ZÀ-ÞΑ-ΩА-Я]\w[\w’'-]*(?: [A-ZÀ-ÞΑ-ΩА-Я]\w[\w’'-]*){1,3}")


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one browser tab has asked so far: the last turns, and how many questions in all."""

    turns: tuple[Turn, ...] = ()
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an answer's text: plain or strong words, or the marker of a citation."""

    text: str
    strong: bool = False
    citation: Citation | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a document's text that looks the same throughout; `page` is the number of the page it begins."""

    text: str
    quote: bool = False
    strong: bool = False
    heading: int = 0
    page: int = 0


class Place(BaseModel):
    """What the browser asks to see: [start, end) of a document; `check` tells whether the quote still stands there."""

    model_config = ConfigDict(extra="forbid", strict=True)

    doc: NonNegativeInt
    start: NonNegativeInt
    end: NonNegativeInt
    check: str = ""
    span: Annotated[tuple[NonNegativeInt, NonNegativeInt], Strict(False)] = (0, 0)


class More(BaseModel):
    """The browser's wish for the text before or after an offset."""

    model_config = ConfigDict(extra="forbid", strict=True)

    doc: NonNegativeInt
    at: NonNegativeInt
    before: bool


def answer_parts(answer: Answer) -> list[Part]:
    """The answer's text cut into plain words, the spans that answer, and markers.

    Quotes are told from markers first: a document may well hold a "[1]" of its own.
    """
    quoted = {_on_one_line(c.quote): c for c in reversed(answer.citations)}
    numbered = {str(c.n): c for c in answer.citations}
    alternatives = [re.escape(quote) for quote in sorted(quoted, key=len, reverse=True)]
    parts: list[Part] = []
    for text in re.split("(" + "|".join([*alternatives, _MARKER.pattern.replace("(", "(?:")]) + ")", answer.text):
        marker = _MARKER.fullmatch(text)
        if text in quoted:
            parts += _quote_parts(quoted[text])
        elif marker and marker[1] in numbered:
            parts.append(Part(text, citation=numbered[marker[1]]))
        elif text:
            parts.append(Part(text))
    return parts


def _quote_parts(citation: Citation) -> list[Part]:
    quote, span = citation.quote, citation.span
    if span is None or span == (citation.start, citation.end):
        return [Part(_on_one_line(quote))]
    start, end = span[0] - citation.start, span[1] - citation.start
    cut = ((quote[:start], False), (quote[start:end], True), (quote[end:], False))
    return [Part(re.sub(r"\s+", " ", text), strong) for text, strong in cut if text]


def document_pieces(
    document: Document, start: int, end: int, quote: tuple[int, int] = (0, 0), span: tuple[int, int] = (0, 0)
) -> list[Piece]:
    """[start, end) of the document, cut wherever the quote, the span, a heading or a page begins or ends."""
    headings = [h for h in document.headings if h.start < end and h.end > start]
    pages = {offset: number for number, offset in enumerate(document.page_starts, 1) if start <= offset < end}
    cuts = {start, end, *quote, *span, *pages, *concatenated.from_iterable((h.start, h.end) for h in headings)}
    return [
        Piece(
            document.text[a:b],
            quote=quote[0] <= a < quote[1],
            strong=span[0] <= a < span[1],
            heading=next((h.level for h in headings if h.start <= a < h.end), 0),
            page=pages.get(a, 0),
        )
        for a, b in pairwise(sorted(cut for cut in cuts if start <= cut <= end))
    ]


def border(text: str, offset: int) -> int:
    """Where to cut the text at or shortly before an offset: at a line, otherwise at a word, otherwise right there."""
    if not 0 < offset < len(text):
        return min(max(offset, 0), len(text))
    for blank in "\n", " ":
        found = text.rfind(blank, max(0, offset - SHOWN_CHARACTERS // 8), offset)
        if found >= 0:
            return found + 1
    return offset


def example_questions(chain: AnswerChain) -> tuple[str, ...]:
    """Questions to begin with, from the headings and names of a few documents; each is one that gets an answer."""
    found = chain.corpus.documents()
    chosen = found[:: max(1, len(found) // MAX_EXAMPLES)][: MAX_EXAMPLES * 2]
    topics = zip_longest(*(islice(_topics(chain.corpus.document(info.id)), 6) for info in chosen))
    questions = (
        topic if topic.endswith("?") else f"What do the documents say about “{topic}”?"
        for topic in dict.fromkeys(concatenated.from_iterable(topics))
        if topic
    )
    answered = (q for q in islice(questions, MAX_EXAMPLES * 3) if not chain.invoke({"question": q}).abstained)
    return tuple(islice(answered, MAX_EXAMPLES))


def _topics(document: Document) -> Iterator[str]:
    headings = (_on_one_line(document.text[h.start : h.end]) for h in document.headings[:20])
    yield from (heading for heading in headings if 4 <= len(heading) <= 70 and heading != document.title)
    names = Counter(_NAME.findall(document.text[:50_000]))
    yield from (name for name, _ in names.most_common(6))


class _Views:
    """What the page shows, as HTML made from the templates, for one chain."""

    def __init__(self, chain: AnswerChain) -> None:
        self.chain = chain
        self._examples: tuple[int, tuple[str, ...]] = (-1, ())
        self._templates = Environment(
            loader=FileSystemLoader(ASSETS),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"check": _check, "short": _short, "decimal": "{1:.{0}f}".format}

    def start(self) -> Iterator[dict[str, Any]]:
        """The block of an empty conversation: at once, and again when it is known what can be asked."""
        yield self._block("start", "start.html", examples=None)
        try:
            generation = self.chain.corpus.generation
            if self._examples[0] != generation:
                self._examples = generation, example_questions(self.chain)
        except (DocqaError, KeyError) as error:
            logger.warning("There are no example questions: %s", error)
        yield self._block("start", "start.html", examples=self._examples[1])

    def clear(self) -> tuple[dict[str, Any], Conversation]:
        """The empty conversation that replaces the present one."""
        *_, start = self.start()
        return {**start, "clear": True}, Conversation()

    def ask(self, question: str, conversation: Conversation) -> Iterator[tuple[Any, ...]]:
        """Yield (block, conversation, content of the question box) for each step of an answer."""
        conversation = replace(conversation, asked=conversation.asked + 1)
        turn = f"turn-{conversation.asked}"
        shown: dict[str, Any] = {"question": _short(question, 2_000), "answer": None, "found": None, "draft": ""}
        shown |= {"error": "", "parts": (), "confidence": "", "confidence_note": ""}
        yield self._block(turn, "turn.html", **shown), conversation, ""
        try:
            for event in self.chain.stream({"question": question, "history": list(conversation.turns)}):
                if event.kind == "retrieved":
                    shown["found"] = len(event.hits)
                elif event.kind == "text":
                    shown["draft"] = event.text
                elif event.answer:
                    shown |= _answer_view(event.answer)
                    said = (Turn("user", question), Turn("assistant", event.answer.text or event.answer.reason))
                    conversation = replace(conversation, turns=(*conversation.turns, *said)[-MAX_TURNS:])
                yield {**self._block(turn, "turn.html", **shown), "cite": bool(shown["parts"])}, conversation, gr.skip()
        except DocqaError as error:
            yield self._block(turn, "turn.html", **shown | {"error": str(error)}), conversation, gr.skip()
        except Exception:
            # The outermost frame of a request: the log gets the trace, the reader of the page a sentence.
            logger.exception("A question failed")
            yield self._block(turn, "turn.html", **shown | {"error": FAILED}), conversation, gr.skip()

    def source(self, request: dict[str, Any]) -> str:
        """A document around the place that was asked for."""
        try:
            place = Place.model_validate(request)
            document = self.chain.corpus.document(place.doc)
        except (DocqaError, KeyError, ValidationError) as error:
            return self._html("missing.html", reason=str(error) if isinstance(error, DocqaError) else "")
        size = len(document.text)
        start = min(place.start, size)
        end = max(start, min(place.end, size, start + MAX_QUOTE_CHARACTERS))
        changed = bool(place.check) and place.check != _check(document.text[start:end])
        low = border(document.text, start - SHOWN_CHARACTERS // 2)
        high = border(document.text, end + SHOWN_CHARACTERS // 2)
        quote, span = ((0, 0), (0, 0)) if changed else ((start, end), place.span)
        return self._html(
            "source.html",
            document=document,
            pieces=document_pieces(document, low, high, quote, span),
            start=low,
            end=high,
            page=document.page(start) if end else None,
            changed=changed,
        )

    def more(self, request: dict[str, Any]) -> dict[str, Any]:
        """The next part of a document, before or after an offset, and where it ends."""
        more = More.model_validate(request)
        document = self.chain.corpus.document(more.doc)
        at = min(more.at, len(document.text))
        other = border(document.text, at - SHOWN_CHARACTERS if more.before else at + SHOWN_CHARACTERS)
        pieces = document_pieces(document, min(at, other), max(at, other))
        return {"html": self._html("more.html", pieces=pieces), "at": other, "done": other in (0, len(document.text))}

    def library(self) -> str:
        """The documents of the corpus."""
        try:
            found = self.chain.corpus.documents()
        except DocqaError as error:
            return self._html("missing.html", reason=str(error))
        passages = sum(info.chunks for info in found)
        return self._html("library.html", documents=found[:SHOWN_DOCUMENTS], total=len(found), passages=passages)

    def _block(self, block: str, template: str, **context: Any) -> dict[str, Any]:
        return {"id": block, "html": self._html(template, **context)}

    def _html(self, template: str, **context: Any) -> str:
        return self._templates.get_template(template).render(context)


def build_ui(chain: AnswerChain) -> gr.Blocks:
    """The page over one chain. `serve` shows it with its style."""
    views = _Views(chain)

    # Gradio marks these functions, which it cannot do with bound methods.
    def open_source(request: dict[str, Any]) -> str:
        return views.source(request)

    def more_text(request: dict[str, Any]) -> dict[str, Any]:
        return views.more(request)

    def list_documents(_: dict[str, Any]) -> str:
        return views.library()

    def ask_example(conversation: Conversation, event: gr.EventData) -> Iterator[tuple[Any, ...]]:
        yield from views.ask(str(event.text), conversation)

    page = gr.Blocks(title="docqa", analytics_enabled=False, fill_width=True)
    with page:
        conversation = gr.State(Conversation(), time_to_live=SESSION_SECONDS)
        with gr.Row(elem_id="top"):
            gr.HTML("<h1>docqa</h1>", elem_id="name", js_on_load=None)
            gr.Button("Documents", elem_id="documents", size="sm", min_width=0)
            fresh = gr.Button("New conversation", elem_id="fresh", size="sm", min_width=0)
        with gr.Row(elem_id="sides"):
            with gr.Column(elem_id="talk"):
                log = gr.HTML(
                    elem_id="conversation",
                    html_template='<div class="log" role="log" aria-live="polite" aria-label="Conversation"></div>',
                    js_on_load=(ASSETS / "conversation.js").read_text("utf-8"),
                    apply_default_css=False,
                )
                box = gr.Textbox(
                    label="Your question",
                    placeholder="Ask a question",
                    container=False,
                    autofocus=True,
                    max_lines=6,
                    submit_btn="Ask",
                    elem_id="question",
                )
            gr.HTML(
                elem_id="source",
                html_template='<section class="panel" aria-label="Source"></section>',
                js_on_load=(ASSETS / "source.js").read_text("utf-8"),
                server_functions=[open_source, more_text, list_documents],
                apply_default_css=False,
            )
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        answers: dict[str, Any] = {**quiet, "concurrency_id": "answers", "concurrency_limit": 2}
        page.load(views.start, None, log, **quiet)
        box.submit(views.ask, [box, conversation], [log, conversation, box], **answers)
        log.ask(ask_example, conversation, [log, conversation, box], **answers)
        fresh.click(views.clear, None, [log, conversation], **quiet)
    return page


def _answer_view(answer: Answer) -> dict[str, Any]:
    word, note = next((word, note) for least, word, note in CONFIDENCE if answer.confidence >= least)
    parts = () if answer.abstained else answer_parts(answer)
    return {"answer": answer, "parts": parts, "confidence": word, "confidence_note": note}


def _check(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _short(text: str, limit: int = 160) -> str:
    text = _on_one_line(text[: 4 * limit])
    return text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0].rstrip(" ,;:–—-") + "…"


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def serve(chain: AnswerChain, host: str = "127.0.0.1", port: int = 0, share: bool = False) -> gr.Blocks:
    """Start the page's server in the background; `local_url` of what is returned is its address. Port 0: any free one.

    Raises:
        ConfigError: when nothing can listen there.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    page = build_ui(chain)
    page.launch(
        server_name=host,
        server_port=_free_port(host, port),
        share=share,
        quiet=True,
        prevent_thread_lock=True,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        state_session_capacity=MAX_SESSIONS,
        css_paths=[ASSETS / "ui.css"],
        theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
    )
    return page


def _free_port(host: str, port: int) -> int:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.create_server(address[:2], family=family) as listening:
            return int(listening.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"Port {port} on {host} is in use by another program: stop it, or choose another with --port."
            ) from None
        raise ConfigError(f"The page cannot listen on {host}, port {port}: {error.strerror}.") from None


def launch(config: Config) -> None:
    """Serve the chat until it is interrupted."""
    page = serve(build_chain(config), config.chat.host, config.chat.port, config.chat.share)
    click.echo(f"docqa chat: {page.local_url}  (stop it with Ctrl+C)")
    if config.chat.share:
        click.echo(f"Public for 72 hours, for anyone who has the address: {page.share_url}")
    page.block_thread()


def main() -> int:
    """Serve the chat with the settings of the working folder."""
    try:
        launch(load_config())
    except DocqaError as error:
        click.echo(f"Error: {error}", err=True)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
