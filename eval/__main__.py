"""`python -m eval`: the command line of the evaluation. The commands import what they need when they are called."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from eval.run import Job
    from eval.saved import Run

GOLD = Path("eval/gold.jsonl")
RUNS = Path(".eval/runs")

_folder = click.Path(file_okay=False, path_type=Path)
_file = click.Path(dir_okay=False, path_type=Path)

_JOB_OPTIONS = (
    click.option("--corpus", type=_folder, help="Folder of documents; the one of the settings when left out."),
    click.option("--gold", type=_file, help=f"Gold questions; {GOLD} when left out."),
    click.option("--data", type=_folder, help="A data set: --corpus DIR/docs --gold DIR/questions.jsonl."),
    click.option("--out", type=_folder, help=f"Folder for the run; {RUNS}/NAME when left out."),
    click.option("--config", "config_file", type=_file, help="Settings file; docqa.toml when left out."),
    click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="One setting, as read.passages=12."),
    click.option(
        "--without-history/--no-without-history",
        default=True,
        help="Whether to ask the follow-ups a second time without their history. On unless turned off.",
    ),
)


def main() -> None:
    """Run the command line; an error that docqa raised on purpose becomes one line and exit code 2."""
    from qa import DocqaError

    try:
        cli.main(prog_name="python -m eval", standalone_mode=False)
    except DocqaError as error:
        _end(2, f"Error: {error}")
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        _end(2, "Interrupted: nothing can be said.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", is_flag=True, help="Log what is done.")
def cli(verbose: bool) -> None:
    """Measure docqa on gold questions, offline. docs/evaluation.md explains files, metrics and rules.

    Exit codes: 0 no regression, 1 a regression, 2 the comparison cannot be trusted. The last line says why.
    """
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s: %(message)s")


def _with_job(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_JOB_OPTIONS):
        command = option(command)
    return command


@cli.command("run")
@_with_job
def run_command(**options: Any) -> None:
    """Ask every gold question and write answers, scores, summary and report."""
    result, out = _run(**options)
    click.echo(f"{out / 'report.html'}")
    _end(2 if result.failed else 0, _outcome(result))


def _run(**options: Any) -> tuple[Run, Path]:
    from eval.run import run

    job = _job(**options)
    with _Progress() as progress:
        result = run(job, progress)
    return result, job.out


def _job(
    corpus: Path | None,
    gold: Path | None,
    data: Path | None,
    out: Path | None,
    config_file: Path | None,
    settings: tuple[str, ...],
    without_history: bool,
) -> Job:
    from eval.run import Job
    from qa import load_config

    if data is not None:
        if corpus is not None or gold is not None:
            raise click.UsageError("--data stands for --corpus and --gold: give either the one or the others.")
        corpus, gold = data / "docs", data / "questions.jsonl"
    gold = gold or GOLD
    pairs = [setting.partition("=") for setting in settings]
    if wrong := [key for key, equals, _ in pairs if not equals]:
        raise click.UsageError(f"--set {wrong[0]}: write it as KEY=VALUE, for example --set read.passages=12.")
    flags = {key: value for key, _, value in pairs} | ({"corpus": corpus} if corpus else {})
    name = gold.parent.name if gold.stem == "questions" else gold.stem
    return Job(load_config(flags, config_file), gold, out or RUNS / name, without_history)


def _outcome(run: Run) -> str:
    right = run.summary["metrics"].get("right")
    share = f"{right['value']:.3f} right ({right['low']:.3f} to {right['high']:.3f})" if right else "nothing to judge"
    if run.failed:
        first = run.failed[0]
        return f"{len(run.failed)} of {len(run.records)} questions failed, first {first.id}: {first.error}"
    return f"{len(run.records)} questions, {share}."


def _end(code: int, why: str) -> NoReturn:
    click.echo(why, err=code == 2)
    sys.exit(code)


class _Progress:
    """One bar for each step on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._step = ""

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *error: object) -> None:
        self._finish()

    def __call__(self, step: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        if step != self._step:
            self._finish()
            self._step = step
            self._bar = click.progressbar(length=total, label=step, file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(done - self._bar.pos)

    def _finish(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


if __name__ == "__main__":
    main()
