"""The FAISS side: what it finds, in which order, and what it does with a file that it cannot use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index import vectors as vectors_module
from index.vectors import Key, VectorIndex

KEY = Key("a", 1)


def unit(rows: int, dimension: int = 16, seed: int = 0) -> NDArray[np.float32]:
    values = np.random.default_rng(seed).standard_normal((rows, dimension)).astype(np.float32)
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), dtype=np.float32)


def test_cosines_and_order_by_hand() -> None:
    rows = np.array([[1, 0], [0.6, 0.8], [0, 1], [1, 0]], dtype=np.float32)
    index = VectorIndex.build(KEY, np.array([40, 20, 30, 10]), rows)
    found = index.search(np.array([1, 0], dtype=np.float32), 3)
    assert [match.chunk_id for match in found] == [10, 40, 20]
    assert [match.cosine for match in found] == pytest.approx([1.0, 1.0, 0.6])


def test_more_asked_for_than_there_is_and_none_at_all() -> None:
    index = VectorIndex.build(KEY, np.array([7]), unit(1))
    assert [match.chunk_id for match in index.search(unit(1)[0], 50)] == [7]
    assert index.search(unit(1)[0], 0) == []
    empty = VectorIndex.build(KEY, np.empty(0, dtype=np.int64), np.empty((0, 16), dtype=np.float32))
    assert empty.search(unit(1)[0], 5) == []


@pytest.mark.parametrize("limit", [10_000, 100], ids=["float32", "codes"])
def test_a_filter_finds_all_that_it_allows(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(vectors_module, "FLAT_LIMIT", limit)
    rows = unit(2000)
    index = VectorIndex.build(KEY, np.arange(1, 2001), rows)
    allowed = np.array([5, 1999, 70, 1234])
    query = unit(1, seed=1)[0]
    found = index.search(query, 10, allowed)
    expected = sorted(allowed, key=lambda chunk_id: -float(rows[chunk_id - 1] @ query))
    assert [match.chunk_id for match in found] == expected
    assert index.search(query, 10, np.empty(0, dtype=np.int64)) == []


def test_codes_find_what_float32_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = unit(3000, 64)
    exact = VectorIndex.build(KEY, np.arange(3000), rows)
    monkeypatch.setattr(vectors_module, "FLAT_LIMIT", 100)
    codes = VectorIndex.build(KEY, np.arange(3000), rows)
    for query in unit(20, 64, seed=2):
        best, near = exact.search(query, 1)[0], codes.search(query, 10)
        assert best.chunk_id in {match.chunk_id for match in near}
        assert near[0].cosine == pytest.approx(best.cosine, abs=0.01)


def test_a_saved_index_is_the_same_again(tmp_path: Path) -> None:
    index = VectorIndex.build(KEY, np.arange(100), unit(100))
    path = tmp_path / "v"
    assert index.save(path)
    again = VectorIndex.load(path, KEY, 16)
    assert again is not None
    assert again.search(unit(1)[0], 100) == index.search(unit(1)[0], 100)
    assert [item.name for item in tmp_path.iterdir()] == ["v"]


@pytest.mark.parametrize("key", [Key("a", 2), Key("b", 1)], ids=["generation", "database"])
def test_an_index_of_another_state_is_not_used(tmp_path: Path, key: Key) -> None:
    VectorIndex.build(KEY, np.arange(10), unit(10)).save(tmp_path / "v")
    assert VectorIndex.load(tmp_path / "v", key, 16) is None
    assert VectorIndex.load(tmp_path / "v", KEY, 8) is None


def test_every_cut_and_every_kind_of_damage_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "v"
    VectorIndex.build(KEY, np.arange(10), unit(10)).save(path)
    good = path.read_bytes()
    for length in range(0, len(good), 37):
        path.write_bytes(good[:length])
        assert VectorIndex.load(path, KEY, 16) is None
    for place in range(good.index(b"\n") + 1, len(good), 41):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        assert VectorIndex.load(path, KEY, 16) is None


def test_a_place_that_cannot_be_written_is_no_error() -> None:
    assert not VectorIndex.build(KEY, np.arange(10), unit(10)).save(Path("/proc/docqa/v"))
