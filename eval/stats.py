"""How sure a number is: bootstrap intervals for one run, paired tests for two. Everything is seeded.

The intervals are percentile bootstrap intervals (Efron and Tibshirani 1993, "An Introduction to the Bootstrap",
chapter 13): questions are drawn with replacement as often as there are questions, the metric is taken again, and the
middle 95 % of the results are kept. Two runs are compared on the same draws of the same questions, so that what is hard
for both cancels out (Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation").
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.catalogue import METRICS
from eval.metrics import Table

RESAMPLES = 2000
LEVEL = 0.95
SEED = 20_261_123

_CELLS_AT_ONCE = 2_000_000
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval and the number of questions that it was taken over."""

    value: float
    low: float
    high: float
    questions: int

    def to_json(self) -> dict[str, float | int]:
        return {
            "value": round(self.value, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
            "questions": self.questions,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric of two runs over the same questions.

    `difference` is after - before with its paired 95 % interval [low, high]. For yes/no metrics `lost` questions went
    from 1 to 0, `gained` from 0 to 1, and `p_value` is McNemar's; otherwise these are None.
    """

    metric: str
    before: float
    after: float
    low: float
    high: float
    questions: int
    lost: int | None = None
    gained: int | None = None
    p_value: float | None = None

    @property
    def difference(self) -> float:
        return self.after - self.before

    @property
    def gain(self) -> float:
        """The difference turned so that more is better."""
        return self.difference if METRICS[self.metric].higher_is_better else -self.difference

    @property
    def significant(self) -> bool:
        """True if the interval does not reach zero."""
        return self.low > 0 or self.high < 0


def estimate(table: Table, name: str, resamples: int = RESAMPLES) -> Estimate | None:
    """A metric over a table's questions with its interval; None where it applies to no question."""
    if METRICS[name].kind == "set":
        whole = table.whole(name)
        value = whole(np.arange(len(table)))
        drawn = np.array([whole(rows) for rows in _draws(len(table), resamples, name)])
        questions = table.counted(name)
    else:
        column = table.column(name)
        column = column[~np.isnan(column)]
        value = float(column.mean()) if len(column) else np.nan
        drawn = _means(column, resamples, name)
        questions = len(column)
    return None if np.isnan(value) else Estimate(value, *_interval(drawn), questions)


def compare(before: Table, after: Table, name: str, resamples: int = RESAMPLES) -> Difference | None:
    """A metric of two runs. The tables hold the same questions in the same order; None where it applies to none.

    Raises:
        ValueError: the questions differ.
    """
    if [row.id for row in before.scored] != [row.id for row in after.scored]:
        raise ValueError("only runs over the same questions in the same order can be compared")
    if METRICS[name].kind == "set":
        old, new = before.whole(name), after.whole(name)
        everything = np.arange(len(before))
        values = old(everything), new(everything)
        drawn = np.array([new(rows) - old(rows) for rows in _draws(len(before), resamples, name)])
        if np.isnan(values).any():
            return None
        return Difference(name, *values, *_interval(drawn), len(before))
    columns = np.stack([before.column(name), after.column(name)])
    if (value := METRICS[name].when_abstained) is not None:
        columns[0, np.isnan(columns[0])] = value
    columns = columns[:, ~np.isnan(columns).any(axis=0)]
    if not columns.shape[1]:
        return None
    low, high = _interval(_means(columns[1] - columns[0], resamples, name))
    lost = gained = p_value = None
    if METRICS[name].kind == "yes/no":
        lost, gained = int((columns[0] > columns[1]).sum()), int((columns[0] < columns[1]).sum())
        p_value = mcnemar(lost, gained)
    means = columns.mean(axis=1)
    return Difference(name, float(means[0]), float(means[1]), low, high, columns.shape[1], lost, gained, p_value)


def mcnemar(lost: int, gained: int) -> float:
    """The exact two-sided p-value that as many questions were lost as gained by chance.

    McNemar (1947), "Note on the sampling error of the difference between correlated proportions", in its exact form: a
    binomial test of `lost` in `lost + gained` trials at one half.
    """
    from scipy.stats import binomtest

    return float(binomtest(lost, lost + gained, 0.5).pvalue) if lost + gained else 1.0


def _generator(name: str) -> np.random.Generator:
    # Each metric has its own stream: adding one to the catalogue must not move the intervals of the others.
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def _draws(size: int, resamples: int, name: str) -> Iterator[Rows]:
    generator = _generator(name)
    for _ in range(resamples if size else 0):
        yield generator.integers(0, size, size)


def _means(column: NDArray[np.float64], resamples: int, name: str) -> NDArray[np.float64]:
    if not len(column):
        return np.empty(0)
    generator = _generator(name)
    at_once = max(1, _CELLS_AT_ONCE // len(column))
    counts = [min(at_once, resamples - done) for done in range(0, resamples, at_once)]
    return np.concatenate(
        [column[generator.integers(0, len(column), (count, len(column)))].mean(axis=1) for count in counts]
    )


def _interval(drawn: NDArray[np.float64]) -> tuple[float, float]:
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return float("nan"), float("nan")
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
