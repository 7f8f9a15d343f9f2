"""Weights that are there: of an earlier run, of the shipped reader turned back into floats, or the mean of several."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from index.errors import ModelError
from qa.train.model import ReaderModel

EMBEDDINGS = "encoder.embeddings."


def set_weights(model: ReaderModel, paths: Sequence[Path], shares: Sequence[float] = (1.0,)) -> None:
    """Give the model the mean of the weights in `paths`, each with its share; the shares sum to 1.

    The mean of a network and of one trained on from it is often better than either (Wortsman et al. 2022, "Robust
    fine-tuning of zero-shot models", section 3). The embeddings stay: they are frozen, and the encoder's own exact.

    Raises:
        ModelError: when the parameters of a file are not those of the model.
    """
    mean = {name: torch.zeros_like(v) for name, v in model.state_dict().items() if not name.startswith(EMBEDDINGS)}
    for path, share in zip(paths, shares, strict=True):
        given = load_weights(path)
        if given.keys() != mean.keys():
            odd = ", ".join(sorted(given.keys() ^ mean.keys())[:3])
            raise ModelError(f"{path} holds the weights of another network ({odd}): give those of a reader of today.")
        for name, values in given.items():
            mean[name] += share * values.to(mean[name].device)
    model.load_state_dict(mean, strict=False)


def load_weights(path: Path) -> dict[str, Tensor]:
    """The trained parameters in `path`: reader.pt or checkpoint.pt of a run, or an exported reader.onnx.

    The latter gives back what its quantisation left of them. The frozen embeddings are left out.

    Raises:
        ModelError: when `path` is neither.
    """
    if path.suffix == ".pt":
        state = torch.load(path, weights_only=True)
        found = state.get("model", state).items()
    elif path.suffix == ".onnx":
        found = _parameters(onnx.load(path).graph)
    else:
        raise ModelError(f"{path} holds no weights to start from: give a reader.pt, a checkpoint.pt or a reader.onnx.")
    return {name: values for name, values in found if not name.startswith(EMBEDDINGS)}


def _parameters(graph: onnx.GraphProto) -> Iterator[tuple[str, Tensor]]:
    stored = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    consumers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node)
    for name, array in stored.items():
        if name.endswith((".weight", ".bias")):
            yield name, torch.from_numpy(array.copy())
            continue
        factor = array
        if name.endswith("_quantized"):
            base = name.removesuffix("_quantized")
            factor = (array.astype(np.float32) - stored[f"{base}_zero_point"]) * stored[f"{base}_scale"]
        elif not any(node.op_type == "MatMul" for node in consumers.get(name, ())):
            continue
        # The exporter keeps a bias's name but not a weight's: the weight is the one its bias is added to.
        if bias := _bias_after(name, consumers, stored):
            yield bias.replace(".bias", ".weight"), torch.from_numpy(factor.T.copy())


def _bias_after(name: str, consumers: dict[str, list[onnx.NodeProto]], stored: Container[str]) -> str | None:
    """The bias that is added to a product, None for a table of embeddings."""
    while name in consumers:
        found = [n for n in consumers[name] if n.op_type in {"MatMulInteger", "MatMul", "Cast", "Mul", "Add"}]
        if not found:
            return None
        if found[0].op_type == "Add":
            return next((i for i in found[0].input if i in stored), None)
        name = found[0].output[0]
    return None
