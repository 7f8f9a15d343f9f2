"""The chat page: the conversation on one side, the cited document with the quote highlighted on the other.

Python makes every block of the page from the templates in `assets/`, in which Jinja escapes all that comes from
documents, questions and answers; the scripts there only put blocks in their place. A conversation belongs to one
browser tab and is never longer than `MAX_TURNS`. A document is sent in parts around what is read, never as a whole.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import gradio as gr
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError

from qa import (
    Answer,
    AnswerChain,
    Config,
    DocqaError,
    More,
    Place,
    Turn,
    answer_parts,
    build_chain,
    contradicting_claims,
    example_questions,
    excerpt,
    free_port,
    load_config,
    passage_excerpt,
    quote_check,
    source_part,
    source_view,
)

logger = logging.getLogger(__name__)

ASSETS = Path(__file__).with_name("assets")
MAX_TURNS = 12
MAX_SESSIONS = 200
SESSION_SECONDS = 86_400
SHOWN_DOCUMENTS = 200
CONFIDENCE = ((0.75, "confident", ""), (0.5, "likely", "check the source"), (0.0, "unsure", "read the source first"))
FAILED = "Something went wrong while this was answered; the log of docqa says what."


@dataclass(slots=True)
class Conversation:
    """What one browser tab has asked so far: the last turns, and how many questions.

    An example and a typed question can be answered at the same time: both change the one object that Gradio keeps for
    the tab.
    """

    turns: list[Turn] = field(default_factory=list)
    asked: int = 0


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
        self._templates.filters |= {"check": quote_check, "decimal": "{1:.{0}f}".format}
        self._templates.filters |= {"excerpt": excerpt, "passage_excerpt": passage_excerpt}

    def start(self) -> Iterator[dict[str, Any]]:
        """The block of an empty conversation: at once, and again when it is known what can be asked."""
        try:
            generation = self.chain.corpus.generation
            if self._examples[0] != generation:
                yield self._block("start", "start.html", examples=None)
                self._examples = generation, example_questions(self.chain)
        except (DocqaError, KeyError) as error:
            logger.warning("There are no example questions: %s", error)
        yield self._block("start", "start.html", examples=self._examples[1])

    def clear(self, conversation: Conversation) -> Iterator[tuple[dict[str, Any], Conversation]]:
        """Empty the conversation; an answer that is still being made for it is dropped."""
        conversation.asked = 0
        conversation.turns = []
        for number, block in enumerate(self.start()):
            yield {**block, "clear": number == 0}, conversation

    def ask(self, question: str, conversation: Conversation) -> Iterator[tuple[Any, ...]]:
        """Yield (block, conversation, content of the question box) for each step, until the conversation is cleared."""
        conversation.asked += 1
        turns = conversation.turns
        for number, block in enumerate(self._steps(question, turns, f"turn-{conversation.asked}")):
            if conversation.turns is not turns:
                # Gradio sends what was yielded last once more: that must not be a block of this conversation.
                yield gr.skip(), gr.skip(), gr.skip()
                return
            yield block, conversation, gr.skip() if number else ""

    def _steps(self, question: str, turns: list[Turn], turn: str) -> Iterator[dict[str, Any]]:
        shown: dict[str, Any] = {"question": excerpt(question, 2_000), "answer": None, "found": None, "draft": ""}
        shown |= {"error": "", "parts": (), "claims": (), "confidence": "", "confidence_note": ""}
        yield self._block(turn, "turn.html", **shown)
        try:
            for event in self.chain.stream({"question": question, "history": list(turns)}):
                if event.kind == "retrieved":
                    shown["found"] = len(event.hits)
                elif event.kind == "text":
                    shown["draft"] = event.text
                elif event.answer:
                    shown |= _answer_view(event.answer)
                    turns += Turn("user", question), Turn("assistant", event.answer.text)
                    del turns[:-MAX_TURNS]
                yield {**self._block(turn, "turn.html", **shown), "cite": bool(shown["parts"])}
        except DocqaError as error:
            shown["error"] = str(error)
        except Exception:
            # The outermost frame of a request: the log gets the trace, the reader of the page a sentence.
            logger.exception("A question failed")
            shown["error"] = FAILED
        if shown["error"]:
            yield self._block(turn, "turn.html", **shown)

    def source(self, request: dict[str, Any]) -> str:
        """A document around the place that was asked for."""
        try:
            view = source_view(self.chain.corpus, Place.model_validate(request))
        except (DocqaError, KeyError, ValidationError) as error:
            return self._missing(error)
        return self._html("source.html", view=view)

    def more(self, request: dict[str, Any]) -> dict[str, Any]:
        """The next part of a document, before or after an offset, and where it ends; or that the document is gone."""
        more = More.model_validate(request)
        try:
            part = source_part(self.chain.corpus, more)
        except (DocqaError, KeyError) as error:
            return {"html": self._missing(error), "gone": True}
        return {"html": self._html("more.html", pieces=part.pieces), "at": part.at, "done": part.done}

    def library(self) -> str:
        """The documents of the corpus."""
        try:
            found = self.chain.corpus.documents()
        except DocqaError as error:
            return self._missing(error)
        passages = sum(info.chunks for info in found)
        return self._html("library.html", documents=found[:SHOWN_DOCUMENTS], total=len(found), passages=passages)

    def _missing(self, error: Exception) -> str:
        return self._html("missing.html", reason=str(error) if isinstance(error, DocqaError) else "")

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
        # What is being typed stays in the box.
        yield from (step[:2] for step in views.ask(str(event.text), conversation))

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
        log.ask(ask_example, conversation, [log, conversation], **answers)
        fresh.click(views.clear, conversation, [log, conversation], **quiet)
    return page


def _answer_view(answer: Answer) -> dict[str, Any]:
    word, note = next((word, note) for least, word, note in CONFIDENCE if answer.confidence >= least)
    claims = contradicting_claims(answer)
    if claims:
        word, note = "unsure", "compare the sources"
    return {
        "answer": answer,
        "parts": answer_parts(answer),
        "claims": claims,
        "confidence": word,
        "confidence_note": note,
    }


def serve(chain: AnswerChain, host: str = "127.0.0.1", port: int = 0, share: bool = False) -> gr.Blocks:
    """Start the page's server in the background; `local_url` of what is returned is its address. Port 0: any free one.

    Raises:
        ConfigError: when nothing can listen there.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    page = build_ui(chain)
    page.launch(
        server_name=host,
        server_port=free_port(host, port),
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


def launch(config: Config) -> None:
    """Serve the chat until it is interrupted."""
    # Said before the models are loaded, which takes seconds.
    free_port(config.chat.host, config.chat.port)
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
