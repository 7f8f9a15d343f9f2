"""`python -m eval`: the command line of the evaluation. The commands import what they need when they are called."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from eval.progress import ProgressBar

if TYPE_CHECKING:
    from eval.gate import Verdict
    from eval.run import Job
    from eval.saved import Run

log = logging.getLogger(__name__)

GOLD = Path("eval/gold.jsonl")
RUNS = Path(".eval/runs")

_folder = click.Path(file_okay=False, path_type=Path)
_file = click.Path(dir_okay=False, path_type=Path)

_CORPUS_OPTIONS = (
    click.option("--corpus", type=_folder, help="Folder of documents; the one of the settings when left out."),
    click.option("--gold", type=_file, help=f"Gold questions; {GOLD} when left out."),
    click.option("--data", type=_folder, help="A data set: --corpus DIR/docs --gold DIR/questions.jsonl."),
    click.option("--config", "config_file", type=_file, help="Settings file; docqa.toml when left out."),
    click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="One setting, as read.passages=12."),
)
_JOB_OPTIONS = (
    *_CORPUS_OPTIONS,
    click.option("--out", type=_folder, help=f"Folder for the run; {RUNS}/NAME when left out."),
    click.option(
        "--without-history/--no-without-history",
        default=True,
        help="Whether to ask the follow-ups a second time without their history. On unless turned off.",
    ),
)


def main() -> None:
    """Run the command line; whatever goes wrong ends with one line and exit code 2: 1 says "regression" and no more."""
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
    except Exception as error:  # Uncaught, it would end with exit code 1, which says "regression".
        log.exception("The command broke off.")
        _end(2, f"Error: unexpected {type(error).__name__}: {error}")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", is_flag=True, help="Log what is done.")
def cli(verbose: bool) -> None:
    """Measure docqa on gold questions, offline. docs/evaluation.md explains files, metrics and rules.

    Exit codes: 0 no regression, 1 a regression, 2 the comparison cannot be trusted. The last line says why.
    """
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s: %(message)s")


def _with_job(command: Callable[..., None]) -> Callable[..., None]:
    return functools.reduce(lambda decorated, option: option(decorated), reversed(_JOB_OPTIONS), command)


def _with_corpus(command: Callable[..., None]) -> Callable[..., None]:
    return functools.reduce(lambda decorated, option: option(decorated), reversed(_CORPUS_OPTIONS), command)


@cli.command("run")
@_with_job
def run_command(**options: Any) -> None:
    """Ask every gold question and write answers, scores, summary and report.

    Exit code 2 when a question failed, else 0.
    """
    result, out = _run(**options)
    click.echo(f"Report: {out / 'report.html'}")
    _end(2 if result.failed else 0, _outcome(result))


@cli.command()
@_with_job
@click.option("--run", "run_folder", type=_folder, help="Judge this run instead of making one.")
@click.option("--baseline", type=_file, help="The accepted numbers; baseline.json beside the gold file when left out.")
@click.option("--accept", is_flag=True, help="Make this run the baseline.")
@click.option("--markdown", type=_file, help="Also write the verdict as Markdown, for a pull request.")
@click.option("--junit", "junit_file", type=_file, help="Also write JUnit XML, for a CI system.")
def gate(
    run_folder: Path | None,
    baseline: Path | None,
    accept: bool,
    markdown: Path | None,
    junit_file: Path | None,
    **options: Any,
) -> None:
    """Compare a run with the accepted baseline: 0 no regression, 1 regression, 2 not to be trusted."""
    from eval.gate import NOT_TRUSTED, Verdict, judge, read_baseline, write_baseline
    from eval.saved import read_run

    gold_file = _gold_file(options["gold"], options["data"])
    path = baseline or gold_file.with_name("baseline.json")
    known = None if accept and not path.exists() else read_baseline(path)
    result, out = (read_run(run_folder), run_folder) if run_folder else _run(**options)
    if accept:
        write_baseline(result, path, known.tolerances if known else None)
        _end(0, f"Accepted as {path}: {_outcome(result)} Commit it, so that the change is reviewed.")
    if known is None or result.failed:
        verdict = Verdict(NOT_TRUSTED, f"Not comparable: {_outcome(result)}")
    else:
        verdict = judge(result, known)
    _publish(result, verdict, out / "report.html", markdown, junit_file)
    for turned in verdict.comparison.lost if verdict.comparison else ():
        click.echo(f"wrong now, {turned.after.scored.confidence:.2f} certain: {turned.id}: {turned.question}")
        click.echo(f"    before: {turned.before.answer or '(abstained)'}")
        click.echo(f"    now:    {turned.after.answer or '(abstained)'}")
    _end(verdict.code, verdict.why)


@cli.command()
@click.argument("before", type=_folder)
@click.argument("after", type=_folder)
@click.option("--markdown", type=_file, help="Also write it as Markdown.")
def compare(before: Path, after: Path, markdown: Path | None) -> None:
    """Compare two runs question by question: 0 nothing got worse, 1 something did, 2 not comparable."""
    from eval.gate import compare_runs
    from eval.markdown import comparison_summary
    from eval.saved import read_run

    verdict = compare_runs(read_run(before), read_run(after), str(before), str(after))
    if verdict.comparison:
        text = comparison_summary(verdict.comparison, verdict.why)
        click.echo(text)
        if markdown:
            markdown.write_text(text, encoding="utf-8")
    _end(verdict.code, verdict.why)


@cli.command()
@click.argument("run_folder", metavar="RUN", type=_folder)
@click.option("--before", type=_folder, help="A run over the same questions, shown beside it.")
@click.option("--html", type=_file, help="Where to write the page; RUN/report.html when left out.")
@click.option("--markdown", type=_file, help="Also write a summary as Markdown.")
@click.option("--junit", "junit_file", type=_file, help="Also write JUnit XML.")
def report(
    run_folder: Path, before: Path | None, html: Path | None, markdown: Path | None, junit_file: Path | None
) -> None:
    """Make the report of a run again, with the run before beside it."""
    from eval.gate import NO_REGRESSION, NOT_TRUSTED, Verdict, compare_runs
    from eval.saved import read_run

    result = read_run(run_folder)
    verdict = Verdict(NO_REGRESSION, _outcome(result))
    if before is not None:
        verdict = compare_runs(read_run(before), result, str(before), str(run_folder))
        if verdict.code == NOT_TRUSTED:
            _end(verdict.code, verdict.why)
    page = html or run_folder / "report.html"
    _publish(result, verdict, page, markdown, junit_file)
    _end(0, f"Report: {page}")


@cli.command()
@_with_corpus
@click.option("--repair", is_flag=True, help="Write evidence that was found again with certainty into the gold file.")
def check(repair: bool, **options: Any) -> None:
    """Check a gold file against its documents: 0 it can be used, 2 it cannot.

    Evidence that moved because a document was edited is looked for; what is found with certainty can be repaired,
    what is only likely is shown for a decision.
    """
    from eval.check import check_gold, repair_gold

    job = _job(**options)
    with ProgressBar() as progress:
        found = check_gold(job, progress)
    for problem in found.problems:
        click.echo(problem)
    repaired = repair_gold(job.gold_file, found) if repair else 0
    left = found.errors - repaired
    note = f", {repaired} repaired" if repair else ""
    _end(2 if left else 0, f"{found.questions} questions: {left} errors{note}, {found.warnings} warnings.")


@cli.command("import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=_folder, required=True, help="Folder for the data set; must not exist or be empty.")
@click.option("--split", default="test", show_default=True, help="Which relevance file of a BEIR folder.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many questions.")
def import_command(source: Path, out: Path, split: str, limit: int | None) -> None:
    """Turn a SQuAD 1.1 or 2.0 file, or a BEIR folder, into a data set: docs/ and questions.jsonl."""
    from eval.convert import import_beir, import_squad

    made = import_beir(source, out, split, limit) if source.is_dir() else import_squad(source, out, limit)
    _end(0, f"{out}: {made.questions} questions over {made.documents} documents.")


def _run(**options: Any) -> tuple[Run, Path]:
    from eval.run import run

    job = _job(**options)
    with ProgressBar() as progress:
        result = run(job, progress)
    return result, job.out


def _job(
    corpus: Path | None,
    gold: Path | None,
    data: Path | None,
    config_file: Path | None,
    settings: tuple[str, ...],
    out: Path | None = None,
    without_history: bool = True,
) -> Job:
    from eval.run import Job
    from qa import load_config

    if data is not None and (corpus is not None or gold is not None):
        raise click.UsageError("--data stands for --corpus and --gold: give either the one or the others.")
    gold_file = _gold_file(gold, data)
    corpus = data / "docs" if data else corpus
    pairs = [setting.partition("=") for setting in settings]
    if wrong := [key for key, equals, _ in pairs if not equals]:
        raise click.UsageError(f"--set {wrong[0]}: write it as KEY=VALUE, for example --set read.passages=12.")
    flags = {key: value for key, _, value in pairs} | ({"corpus": corpus} if corpus else {})
    name = gold_file.parent.name if gold_file.stem == "questions" else gold_file.stem
    return Job(load_config(flags, config_file), gold_file, out or RUNS / name, without_history)


def _gold_file(gold: Path | None, data: Path | None) -> Path:
    return data / "questions.jsonl" if data else gold or GOLD


def _publish(run: Run, verdict: Verdict, page: Path, markdown: Path | None, junit_file: Path | None) -> None:
    from eval.junit import junit
    from eval.markdown import comparison_summary, run_summary
    from eval.report import html_report

    found = verdict.comparison
    texts = {page: html_report(run, found, verdict.why)}
    if markdown:
        texts[markdown] = comparison_summary(found, verdict.why) if found else run_summary(run.summary, verdict.why)
    if junit_file:
        texts[junit_file] = junit(run, found)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


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


if __name__ == "__main__":
    main()
