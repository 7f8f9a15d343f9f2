"""Weights to start a training from: those of an earlier run, or the shipped reader turned back into floats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor

from index.errors import ModelError
from qa.train.model import ReaderModel

EMBEDDINGS = "encoder.embeddings."


def start_from(model: ReaderModel, paths: Sequence[Path], shares: Sequence[float] = (1.0,)) -> None:
    """Give the model the mean of the weights in `paths`, each with its share; the shares sum to 1.

    The mean of a network and of one trained on from it is often better than either (Wortsman et al. 2022, "Robust
    fine-tuning of zero-shot models", section 3). The embeddings are left: they are frozen, and the encoder's own exact.

    Raises:
        ModelError: when the parameters of a file are not those of the model.
    """
    wanted = {name for name in model.state_dict() if not name.startswith(EMBEDDINGS)}
    mean = {name: torch.zeros_like(model.state_dict()[name]) for name in wanted}
    for path, share in zip(paths, shares, strict=True):
        given = {name: values for name, values in load_weights(path).items() if not name.startswith(EMBEDDINGS)}
        if given.keys() != wanted:
            odd = ", ".join(sorted(given.keys() ^ wanted)[:3])
            raise ModelError(f"{path} holds the weights of another network ({odd}): give those of a reader of today.")
        for name, values in given.items():
            mean[name] += share * values.to(mean[name].device)
    model.load_state_dict(mean, strict=False)


def load_weights(path: Path) -> dict[str, Tensor]:
    """The parameters in `path`: reader.pt or checkpoint.pt of a run, or an exported reader.onnx.

    The latter gives back what its quantisation left of them.

    Raises:
        ModelError: when `path` is neither.
    """
    if path.suffix == ".pt":
        state: dict[str, Tensor] = torch.load(path, weights_only=True)
        return state.get("model", state)  # type: ignore[return-value]
    if path.suffix == ".onnx":
        return dict(_parameters(onnx.load(path).graph))
    raise ModelError(f"{path} holds no weights to start from: give a reader.pt, a checkpoint.pt or a reader.onnx.")


def _parameters(graph: onnx.GraphProto) -> Iterator[tuple[str, Tensor]]:
    stored = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    consumers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node)
    for name, array in stored.items():
        if name.endswith("_quantized"):
            base = name.removesuffix("_quantized")
            floats = _dequantise(array, stored[f"{base}_scale"], stored[f"{base}_zero_point"])
            if name.startswith(EMBEDDINGS):
                yield base, torch.from_numpy(floats)
            else:
                # The exporter keeps a bias's name but not a weight's: the weight is the one its bias is added to.
                yield _bias_after(name, consumers, stored).replace(".bias", ".weight"), torch.from_numpy(floats.T)
        elif name.endswith((".weight", ".bias")):
            yield name, torch.from_numpy(array.copy())
        elif array.ndim == 2 and any(node.op_type == "MatMul" for node in consumers.get(name, ())):
            yield _bias_after(name, consumers, stored).replace(".bias", ".weight"), torch.from_numpy(array.T.copy())


def _dequantise(array: NDArray[np.int8], scale: NDArray[np.float32], zero: NDArray[np.int8]) -> NDArray[np.float32]:
    return np.ascontiguousarray((array.astype(np.float32) - zero.astype(np.float32)) * scale)


def _bias_after(name: str, consumers: dict[str, list[onnx.NodeProto]], stored: dict[str, NDArray[np.float32]]) -> str:
    while True:
        (node,) = [n for n in consumers[name] if n.op_type in {"MatMulInteger", "MatMul", "Cast", "Mul", "Add"}]
        if node.op_type == "Add":
            return str(next(i for i in node.input if i in stored))
        name = node.output[0]
