"""From a reader's features to the probability that its answer is right."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from index.errors import ModelError


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression: probability = 1 / (1 + exp(-(bias + sum of weight * feature))).

    `weights` has one number for each name in `features`, in that order.
    """

    features: tuple[str, ...]
    weights: tuple[float, ...]
    bias: float

    def __call__(self, values: Mapping[str, float]) -> float:
        """The probability for one row of named features."""
        total = self.bias + math.fsum(w * values[f] for f, w in zip(self.features, self.weights, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total))))


def log_odds(probability: float) -> float:
    """The logarithm of p / (1 - p), with p kept a millionth away from 0 and 1."""
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted file of `qa/models/`: named logistic models and the threshold of abstention.

    `digest` is the file's own sha256; `model_digest` that of the network whose logits it was fitted on, if any.
    """

    models: Mapping[str, Logistic]
    threshold: float
    digest: str
    model_digest: str | None = None


def load_calibration(name: str) -> Calibration:
    """Read `qa/models/NAME.json`.

    Raises:
        ModelError: when the file is missing or does not have the expected form.
    """
    path = resources.files("qa") / "models" / f"{name}.json"
    try:
        raw = path.read_bytes()
        content = json.loads(raw)
        models = {
            key: Logistic(tuple(m["features"]), tuple(float(w) for w in m["weights"]), float(m["bias"]))
            for key, m in content["models"].items()
        }
        threshold = float(content["threshold"])
        model_digest = content.get("model_sha256")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{path} is missing or damaged ({error}): install docqa again, or run `python -m qa.train.fit`."
        ) from error
    return Calibration(models, threshold, hashlib.sha256(raw).hexdigest(), model_digest)


def dump(
    models: Mapping[str, Logistic], threshold: float, about: Mapping[str, object], model_digest: str | None = None
) -> str:
    """The text of a calibration file."""
    content = {
        "about": about,
        "model_sha256": model_digest,
        "threshold": round(threshold, 4),
        "models": {
            key: {"features": list(m.features), "weights": _rounded(m.weights), "bias": round(m.bias, 5)}
            for key, m in models.items()
        },
    }
    return json.dumps(content, indent=2) + "\n"


def _rounded(numbers: Sequence[float]) -> list[float]:
    return [round(n, 5) for n in numbers]
