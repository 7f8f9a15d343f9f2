"""The embedded model as it is converted and run, against sentence-transformers; custom models; bad input."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index import convert, embed
from index.embed import Embedder, load_embedder, model_folder
from index.errors import ModelError
from index.onnx_model import MODEL, OnnxEmbedder
from index.settings import EMBEDDED_MODEL, EmbedSettings

TEXTS = [
    "The council meets on the first Monday of every month.",
    "Boats pass under the old bridge in spring. " * 12,
    "x",
    "Déjà vu: 東京 🙂 #42",
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def model(cache: Path) -> Embedder:
    return load_embedder(EmbedSettings(), cache)


@pytest.fixture(scope="module")
def reference() -> NDArray[np.float32]:
    loaded = convert.load_sentence_transformer(EMBEDDED_MODEL, model_folder(EMBEDDED_MODEL))
    return np.asarray(loaded.encode(TEXTS, normalize_embeddings=True), dtype=np.float32)


def test_the_converted_model_computes_what_the_original_does(
    model: Embedder, reference: NDArray[np.float32], cache: Path
) -> None:
    assert isinstance(model, OnnxEmbedder)
    assert (model.dimension, model.max_tokens, model.digest) == (384, 254, embed.EMBEDDED_SHA256)
    assert (model.embed_passages(TEXTS) * reference).sum(axis=1).min() > 0.97
    exact = load_embedder(EmbedSettings(precision="float32"), cache)
    assert np.abs(exact.embed_passages(TEXTS) - reference).max() < 1e-4
    assert exact.name != model.name


def test_a_vector_depends_on_its_text_only(model: Embedder, cache: Path) -> None:
    together = model.embed_passages(TEXTS)
    alone = np.concatenate([model.embed_passages([text]) for text in TEXTS])
    again = load_embedder(EmbedSettings(), cache).embed_passages(TEXTS[::-1])[::-1]
    assert np.array_equal(together, alone)
    assert np.array_equal(together, again)
    assert np.array_equal(model.embed_query(TEXTS[0]), together[0])
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    assert model.embed_passages([]).shape == (0, 384)


def test_torch_is_not_imported_once_the_model_is_converted(model: Embedder, cache: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from index.embed import load_embedder; "
        "from index.settings import EmbedSettings; import index.store\n"
        "load_embedder(EmbedSettings(), Path(sys.argv[1])).embed_query('Who?')\n"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(cache)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_token_spans_are_code_points(model: Embedder) -> None:
    text = "🙂 Zürich, e\u0301t\u0301e\u0301 東京"
    spans = model.token_spans(text)
    assert [text[a:b] for a, b in spans][:1] == ["🙂"]
    assert all(a < b for a, b in spans) and spans == sorted(spans)
    assert text[spans[-1][0] : spans[-1][1]] == "京"


def test_a_passage_over_the_limit_is_an_error_and_a_long_question_is_not(model: Embedder) -> None:
    assert model.embed_passages(["word " * 254]).shape == (1, 384)
    with pytest.raises(ModelError, match=r"257 tokens.*256.*max_tokens"):
        model.embed_passages(["short", "word " * 255])
    long = model.embed_query("Where does the river begin? " * 400)
    assert np.linalg.norm(long) == pytest.approx(1, abs=1e-5)
    near, far = model.embed_query("Where does the river begin?"), model.embed_query("Who wrote the opera?")
    assert float(long @ near) > float(long @ far) + 0.3
    assert np.linalg.norm(model.embed_query("")) == pytest.approx(1, abs=1e-5)


def test_a_damaged_converted_model_is_made_again(model: Embedder, cache: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(cache, copy)
    (path,) = [found for found in copy.rglob(MODEL) if "int8" in str(found)]
    path.write_bytes(path.read_bytes()[:-1])
    again = load_embedder(EmbedSettings(), copy)
    assert np.array_equal(again.embed_query("Who?"), model.embed_query("Who?"))


def test_an_altered_embedded_model_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_folder(EMBEDDED_MODEL), folder)
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    monkeypatch.setattr(embed, "model_folder", lambda _: folder)
    with pytest.raises(ModelError, match="not the published one"):
        load_embedder(EmbedSettings(), tmp_path / "cache")
    weights.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load_embedder(EmbedSettings(), tmp_path / "cache")


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no-such/model.*embed\.model"):
        load_embedder(EmbedSettings(model="no-such/model"), tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="empty"):
        load_embedder(EmbedSettings(model=str(tmp_path / "empty")), tmp_path)


@pytest.fixture(scope="module")
def custom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of another shape: random weights, two layers, the vector of the first token, 64 tokens."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer  # type: ignore[import-not-found]
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("custom")
    shutil.copytree(model_folder(EMBEDDED_MODEL), folder / "bert")
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=30522, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64
    )
    BertModel(shape).save_pretrained(folder / "bert")
    for name in ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"):
        (folder / "bert" / name).unlink()
    words = Transformer(str(folder / "bert"), max_seq_length=64)
    SentenceTransformer(modules=[words, Pooling(48, pooling_mode="cls")], device="cpu").save(str(folder / "model"))
    return folder / "model"


def test_a_custom_model_is_converted_and_has_a_digest_of_its_own(custom: Path, cache: Path) -> None:
    settings = EmbedSettings(model=str(custom), precision="float32", passage_prompt="passage: ", query_prompt="query: ")
    model = load_embedder(settings, cache)
    assert isinstance(model, OnnxEmbedder)
    assert (model.dimension, model.max_tokens) == (48, 60)
    loaded = convert.load_sentence_transformer("custom", custom)
    expected = loaded.encode(["passage: The mill.", "query: The mill."], normalize_embeddings=True)
    assert np.abs(model.embed_passages(["The mill."])[0] - expected[0]).max() < 1e-4
    assert np.abs(model.embed_query("The mill.") - expected[1]).max() < 1e-4
    other = load_embedder(settings.model_copy(update={"passage_prompt": ""}), cache)
    assert (other.name, other.digest) != (model.name, model.digest)
    (custom / "added.json").write_text("{}", "utf-8")
    assert embed.folder_digest(custom) != model.digest
    (custom / "added.json").unlink()


@pytest.mark.parametrize("failure", ["raises", "wrong"])
def test_a_model_that_cannot_be_converted_is_run_by_torch(
    custom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: str
) -> None:
    if failure == "raises":

        def export(*_: object) -> None:
            raise RuntimeError("unknown operator")

        monkeypatch.setattr(convert, "_export", export)
    else:
        monkeypatch.setattr(convert, "LEAST_COSINE", {"float32": 1.1})
    with caplog.at_level(logging.WARNING):
        model = load_embedder(EmbedSettings(model=str(custom), precision="float32"), tmp_path)
    assert isinstance(model, convert.SentenceTransformersEmbedder)
    assert "with torch" in caplog.text
    assert list((tmp_path / "models").iterdir()) == []
    vectors = model.embed_passages(["The mill.", "Another and longer one."])
    assert vectors.shape == (2, 48)
    assert vectors[0] @ model.embed_query("The mill.") == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(model.embed_query("mill " * 500)) == pytest.approx(1, abs=1e-5)
    with pytest.raises(ModelError, match="tokens"):
        model.embed_passages(["word " * 63])
    assert model.embed_passages([]).shape == (0, 48)
    assert model.token_spans("ab cd") == [(0, 2), (3, 5)]
