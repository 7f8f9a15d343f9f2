"""`python -m qa.train.export`: the trained weights as one int8 ONNX file, and what the quantisation cost."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from index.convert import quantise
from qa.spans import MODEL_FILE, TOKENIZER_FILE, SpanNetwork, model_folder
from qa.train.evaluate import best_f1, normalise, token_f1
from qa.train.model import ReaderModel
from qa.train.questions import Question
from qa.train.split import load_all, sample_by_source
from qa.train.weights import set_weights

log = logging.getLogger(__name__)

# Quantising the inputs of these three products does most of the harm; as floats they take 5 MB more.
EXACT = tuple(f"/encoder/encoder/layer.{number}/output/dense/MatMul" for number in range(3))


def export(weights: Sequence[Path], encoder: Path, out: Path, precision: str, shares: Sequence[float] = (1.0,)) -> Path:
    """Write `reader.onnx` and the tokenizer into `out`; `precision` is "int8", "int7" or "float32".

    Several weights are averaged with their shares, see `set_weights`.
    """
    # Traced with plain attention: onnxruntime fuses that graph better than the one of the fused kernel.
    model = ReaderModel(encoder, attention="eager")
    set_weights(model, weights, shares)
    model.eval()
    out.mkdir(parents=True, exist_ok=True)
    names = ["input_ids", "token_type_ids", "attention_mask"]
    inputs = tuple(torch.ones(2, 16, dtype=torch.long) for _ in names)
    axes = {0: "batch", 1: "length"}
    with tempfile.TemporaryDirectory() as temporary:
        plain = Path(temporary) / MODEL_FILE
        torch.onnx.export(
            model,
            inputs,
            str(plain),
            input_names=names,
            output_names=["start", "end", "evidence", "score"],
            dynamic_axes={
                **dict.fromkeys((*names, "start", "end", "evidence"), axes),
                "score": {0: "batch"},
            },
            dynamo=False,
        )
        if precision.startswith("int"):
            quantise(plain, out / MODEL_FILE, reduce_range=precision == "int7", exact=EXACT)
        else:
            shutil.copy(plain, out / MODEL_FILE)
    shutil.copy(encoder / "tokenizer.json", out / TOKENIZER_FILE)
    return out / MODEL_FILE


def given_paragraph(network: SpanNetwork, questions: list[Question]) -> dict[str, float]:
    """Exact match and F1 of the answerable questions, AUROC and best F1 of all, each read with its own paragraph."""
    exact, f1, confidence = (np.zeros(len(questions)) for _ in range(3))
    for i, question in enumerate(questions):
        (reading,) = network.read(question.text, [(question.title, question.context)])
        span, margin = reading.best()
        text = question.context[slice(*span)]
        gold = [question.context[a:b] for a, b in question.answers]
        exact[i] = max((float(normalise(text) == normalise(g)) for g in gold), default=0.0)
        f1[i] = max((token_f1(text, g) for g in gold), default=0.0)
        confidence[i] = reading.score + margin
    has = np.array([bool(q.answers) for q in questions])
    figures = {"questions": float(len(questions)), "exact match": exact[has].mean(), "F1": f1[has].mean()}
    if (~has).any():
        figures |= {"AUROC": roc_auc_score(has, confidence), "best F1": best_f1(f1, has, confidence)}
    return {name: round(float(value), 4) for name, value in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m qa.train.export", description=__doc__)
    parser.add_argument(
        "--weights",
        type=Path,
        nargs="+",
        required=True,
        help="reader.pt, checkpoint.pt or reader.onnx; more are averaged",
    )
    parser.add_argument("--shares", type=float, nargs="+", default=[1.0], help="what each of them counts, 1 together")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of the encoder the training started from")
    parser.add_argument("--data", type=Path, required=True, help="the training files, for the held-out figures")
    parser.add_argument("--out", type=Path, default=model_folder())
    parser.add_argument("--questions", type=int, default=800, help="how many held-out questions of each source")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    _, held_out = load_all(arguments.data)
    samples = sample_by_source(held_out, arguments.questions, seed=1)
    figures = {}
    with tempfile.TemporaryDirectory() as temporary:
        # int7, which ships, is what a processor without VNNI can add up without saturating; int8 shows what that costs.
        for precision, folder in (("float32", Path(temporary)), ("int8", Path(temporary)), ("int7", arguments.out)):
            path = export(arguments.weights, arguments.encoder, folder, precision, arguments.shares)
            network = SpanNetwork(folder)
            figures[precision] = {source: given_paragraph(network, some) for source, some in samples.items()}
            log.info("%s, %.1f MB: %s", precision, path.stat().st_size / 1e6, figures[precision])
    digest = hashlib.sha256((arguments.out / MODEL_FILE).read_bytes()).hexdigest()
    card = {"sha256": digest, "held out, given the paragraph": figures}
    (arguments.out / "figures.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
