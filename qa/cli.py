"""The command line: docqa index | ask | search | status | chat.

Nothing heavy is imported before a command needs it: the help answers at once.
"""

from __future__ import annotations

import functools
import io
import json
import logging
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from index.errors import DocqaError, IndexLocked
from qa import terminal

if TYPE_CHECKING:
    from qa import AnswerChain, Config, UpdateReport

log = logging.getLogger(__name__)

DONE, LEFT_OUT, COULD_NOT, INTERRUPTED = 0, 1, 2, 130
Flags = dict[str, Any]


def main() -> None:
    """The `docqa` command."""
    for stream in (sys.stdout, sys.stderr):
        # A document may hold characters that the terminal's encoding lacks.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="docqa")


class _HarmlessFormatter(logging.Formatter):
    """A message on one line, and nothing that a terminal would obey: messages and tracebacks hold names of files."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (its name in logging)
        return terminal.plain(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(terminal.harmless, super().format(record).split("\n")))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="docqa")
def cli() -> None:
    """Ask questions about a folder of documents, and get cited answers.

    Settings come from docqa.toml, then DOCQA_* variables, then options, each stronger than the one before;
    docqa.toml.example lists them all.

    Exit codes: 0 done, 1 done but files were left out, 2 could not.
    """


def command(function: Callable[..., int]) -> Callable[..., None]:
    """What all commands share: --config, --index-dir, --debug, logging, and errors as one line and an exit code."""

    @click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Settings file; docqa.toml when left out.",
    )
    @click.option("--index-dir", metavar="DIR", help="Folder of the index; .docqa unless set.")
    @click.option("--debug", is_flag=True, help="Log every step, and show a traceback when something fails.")
    @functools.wraps(function)
    def run(config_file: Path | None, index_dir: str | None, debug: bool, **options: Any) -> None:
        handler = logging.StreamHandler()
        handler.setFormatter(_HarmlessFormatter("%(message)s"))
        logging.basicConfig(handlers=[handler])
        for package in ("index", "qa", "ui"):
            logging.getLogger(package).setLevel(logging.DEBUG if debug else logging.INFO)
        try:
            code = function(config_file, {"index_dir": index_dir}, **options)
        except KeyboardInterrupt:
            code = INTERRUPTED
        except (click.ClickException, click.Abort, BrokenPipeError):
            raise  # click has its own way with them; whoever closed the pipe, such as `head`, has seen enough
        except (DocqaError, OSError) as error:
            if debug:
                raise
            code = _failed(str(error))
        except Exception as error:  # The last resort: one line for the user, the traceback on request.
            if debug:
                raise
            code = _failed(f"unexpected {type(error).__name__}: {error} (run it again with --debug to see where)")
        click.get_current_context().exit(code)

    return run


corpus_option = click.option("--corpus", metavar="DIR", help="Folder of the documents; seeds unless set.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")


@cli.command()
@corpus_option
@command
def index(config_file: Path | None, flags: Flags, corpus: str | None) -> int:
    """Bring the index up to date with the documents: only what changed is read again."""
    report = _update(_config(config_file, flags | {"corpus": corpus}))
    return LEFT_OUT if report.left_out else DONE


@cli.command()
@click.argument("question", nargs=-1, required=True)
@json_option
@command
def ask(config_file: Path | None, flags: Flags, question: tuple[str, ...], as_json: bool) -> int:
    """Answer a QUESTION with quotes from the documents, or say that they do not answer it."""
    answer = _chain(_config(config_file, flags)).invoke({"question": " ".join(question)})
    _show([json.dumps(asdict(answer), ensure_ascii=False)] if as_json else terminal.answer_lines(answer))
    return DONE


@cli.command()
@click.argument("words", nargs=-1, required=True)
@click.option("-k", "--top", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many passages.")
@json_option
@command
def search(config_file: Path | None, flags: Flags, words: tuple[str, ...], top: int, as_json: bool) -> int:
    """Show the passages that match WORDS best, without reading them for an answer."""
    hits = _chain(_config(config_file, flags)).search(" ".join(words), top)
    _show(
        [json.dumps({"hits": [asdict(hit) for hit in hits]}, ensure_ascii=False)]
        if as_json
        else terminal.passage_lines(hits, scores=True)
    )
    return DONE


@cli.command()
@json_option
@command
def status(config_file: Path | None, flags: Flags, as_json: bool) -> int:
    """Show the settings and where each comes from, the models, and what the index holds and lacks."""
    from qa.config import resolve_config, setting_fields

    config, origin = resolve_config(flags, config_file)
    settings = {
        path: {"value": functools.reduce(getattr, path.split("."), config), "from": origin.get(path, "default")}
        for path, _ in setting_fields()
    }
    if not as_json:
        # Shown at once: they explain why the index below may not open.
        _show(terminal.settings_lines(settings))
    chain = _chain(config)
    state = chain.corpus.status()
    if as_json:
        _show([json.dumps({"settings": settings, "models": chain.models, "index": asdict(state)}, default=str)])
    else:
        _show(terminal.state_lines(chain.models, state))
    return DONE


@cli.command()
@corpus_option
@click.option("--host", metavar="ADDRESS", help="Address to listen on; 127.0.0.1 unless set.")
@click.option("--port", metavar="NUMBER", help="Port to listen on, 0 for any free one; 7860 unless set.")
@click.option("--share/--no-share", default=None, help="Publish the page through Gradio's tunnel; off unless set.")
@command
def chat(config_file: Path | None, flags: Flags, corpus: str | None, **page: Any) -> int:
    """Bring the index up to date, then open the chat page in a local web server."""
    chat_flags = {f"chat.{name}": value for name, value in page.items()}
    config = _config(config_file, flags | {"corpus": corpus} | chat_flags)
    try:
        _update(config)
    except IndexLocked as error:
        log.warning("%s The chat starts with the index as it is.", error)
    import ui

    ui.launch(config)
    return DONE


def _config(file: Path | None, flags: Flags) -> Config:
    from qa import load_config

    return load_config(flags, file)


def _update(config: Config) -> UpdateReport:
    from qa import build_index

    with terminal.progress_display() as progress:
        report = build_index(config, progress)
    _show(terminal.report_lines(report))
    return report


def _chain(config: Config) -> AnswerChain:
    from qa import build_chain

    return build_chain(config)


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _failed(message: str) -> int:
    click.echo(f"docqa: {terminal.plain(message)}", err=True)
    return COULD_NOT


if __name__ == "__main__":
    main()
