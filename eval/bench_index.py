"""How fast the index is made and searched: `python -m eval.bench_index --corpus DIR --rows 2000 50000`."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import numpy as np

from qa import Config, build_chain, build_index

REPEATS = 50


@click.command()
@click.option("--corpus", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path("seeds"))
@click.option("--rows", type=int, multiple=True, default=(2_000, 50_000), help="Sizes of the index, in passages.")
def main(corpus: Path, rows: tuple[int, ...]) -> None:
    """Index copies of a corpus until there are enough passages; equal passages are embedded once."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config(corpus=Path(folder) / "corpus", index_dir=Path(folder) / "index")
        shutil.copytree(corpus, config.corpus / "0")
        first = build_index(config)
        click.echo(
            f"indexing      {first.chunks / first.seconds:8.1f} passages/s ({first.chunks} in {first.seconds:.1f} s)"
        )
        click.echo(f"no change     {build_index(config).seconds * 1000:8.1f} ms ({first.documents} documents)")
        copies = 1
        for wanted in sorted(rows):
            needed = max(copies, -(-wanted // first.chunks))
            for number in range(copies, needed):
                shutil.copytree(corpus, config.corpus / str(number))
            copies = needed
            report = build_index(config)
            index = build_chain(config).corpus
            asked = [document.title for document in index.documents()[:REPEATS]]
            vectors = np.random.default_rng(0).standard_normal((REPEATS, index.status().dimension)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            text = _median([partial(index.search_text, f"What is the history of {q}?", 50) for q in asked])
            dense = _median([partial(index.search_vectors, v, 50) for v in vectors])
            click.echo(f"{report.chunks:6} rows   text {text:7.2f} ms   vectors {dense:7.2f} ms")


def _median(calls: list[Callable[[], object]]) -> float:
    """Milliseconds of the middle call, after one that warms up."""
    calls[0]()
    times = []
    for call in calls:
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1000


if __name__ == "__main__":
    main()
