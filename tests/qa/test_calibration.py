"""Logistic models in closed form, and the files that hold them."""

from __future__ import annotations

import json
import math

import pytest

from index.errors import ModelError
from qa.calibration import Logistic, dump, load_calibration


def test_a_logistic_model_in_closed_form() -> None:
    model = Logistic(("a", "b"), (2.0, -1.0), 0.5)
    # 0.5 + 2 * 1 - 1 * 1.5 = 1
    assert model({"a": 1.0, "b": 1.5}) == pytest.approx(1 / (1 + math.exp(-1)))


def test_extreme_features_stay_probabilities() -> None:
    model = Logistic(("a",), (1e9,), 0.0)
    assert 0.0 < model({"a": -1.0}) < 1e-20 and model({"a": 1.0}) == pytest.approx(1.0)


def test_a_dumped_model_has_everything_that_loading_needs() -> None:
    text = dump({"answer": Logistic(("a",), (1.25,), -0.5)}, 0.42, {"made by": "a test"}, "ff")
    assert json.loads(text) == {
        "about": {"made by": "a test"},
        "model_sha256": "ff",
        "threshold": 0.42,
        "models": {"answer": {"features": ["a"], "weights": [1.25], "bias": -0.5}},
    }


def test_a_missing_file_names_the_command_that_makes_it() -> None:
    with pytest.raises(ModelError, match=r"qa\.train\.fit"):
        load_calibration("no-such-reader")
