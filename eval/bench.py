"""`python -m eval.bench`: readers, data sets, numbers of passages, fusions and chunk sizes, as one table.

Every row is a run of `python -m eval run` end to end over a whole corpus.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import click

from eval.run import CACHE, Job, run
from qa import load_config

COLUMNS = (
    "right", "document_hit@1", "document_hit@5", "document_hit@10", "evidence_hit@1", "evidence_hit@5",
    "evidence_hit@10", "evidence_first", "answer_contained", "exact_match", "token_f1", "abstention_precision",
    "abstention_recall", "abstention_f1", "aurc", "ece", "quotes_exact",
)  # fmt: skip


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("sets", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--readers", default="cross-encoder", help="Readers to compare, parted by commas.")
@click.option("--passages", default="", help="Numbers of passages to read; the default one when left out.")
@click.option("--cosine-shares", default="", help="Weights of the vectors against BM25; the default one when left out.")
@click.option("--chunk-tokens", default="", help="Chunk sizes, each indexed anew; the default one when left out.")
def main(sets: tuple[Path, ...], readers: str, passages: str, cosine_shares: str, chunk_tokens: str) -> None:
    """Measure every combination on every set (a folder with docs/ and questions.jsonl) and print a Markdown table."""
    heads = ("set", "reader", "passages", "cosine share", "tokens", *COLUMNS, "p50 ms", "p95 ms", "index s", "chunks")
    click.echo(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for folder, reader, count, share, tokens in itertools.product(
        sets, readers.split(","), passages.split(","), cosine_shares.split(","), chunk_tokens.split(",")
    ):
        config = load_config(
            {
                "corpus": folder / "docs",
                "read.reader": reader,
                "read.passages": int(count) if count else None,
                "retrieval.cosine_share": float(share) if share else None,
                "chunk.max_tokens": int(tokens) if tokens else None,
            }
        )
        choices = (reader, config.read.passages, config.retrieval.cosine_share, config.chunk.max_tokens)
        out = CACHE / "bench" / "-".join(map(str, (folder.name, *choices)))
        summary = run(Job(config, folder / "questions.jsonl", out, without_history=False)).summary
        cells = (folder.name, *map(str, choices), *_figures(summary))
        click.echo(f"| {' | '.join(cells)} |")


def _figures(summary: dict[str, Any]) -> tuple[str, ...]:
    metrics, total, corpus = summary["metrics"], summary["latency_ms"]["total"], summary["corpus"]
    values = [f"{metrics[name]['value']:.3f}" if name in metrics else "" for name in COLUMNS]
    return (
        *values,
        f"{total['p50']:.0f}",
        f"{total['p95']:.0f}",
        str(corpus["seconds_to_index"]),
        str(corpus["passages"]),
    )


if __name__ == "__main__":
    main()
