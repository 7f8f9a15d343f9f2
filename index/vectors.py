"""The vectors as a FAISS index: built from the database, kept in a file of its own, searched by inner product."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamaged
from index.schema import DATABASE, read_meta
from index.types import VectorMatch

FILE = "vectors.faiss"
FORMAT = 1
FLAT_LIMIT = 30_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """Which state of which database the vectors are those of."""

    index_id: str
    generation: int


class VectorIndex:
    """The vectors of one generation, not changed once built; searched from any number of threads.

    Every search compares all vectors, so a filter never loses a match. Up to `FLAT_LIMIT` they are kept as float32,
    above as 8-bit codes (FAISS IndexScalarQuantizer), whose cosines are off by .002 at most.
    """

    def __init__(self, key: Key, index: Any) -> None:
        self.key = key
        self._index = index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @classmethod
    def build(cls, key: Key, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> VectorIndex:
        """`ids` of shape (n,), `vectors` of shape (n, dimension), unit length."""
        count, dimension = vectors.shape
        if count <= FLAT_LIMIT:
            codes: Any = faiss.IndexFlatIP(dimension)
        else:
            codes = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
            codes.train(vectors)
        index = faiss.IndexIDMap2(codes)
        if count:
            index.add_with_ids(vectors, ids)
        return cls(key, index)

    @classmethod
    def load(cls, path: Path, key: Key, dimension: int) -> VectorIndex | None:
        """The vectors kept in a file, or None when it is missing, damaged or of another state of the database."""
        try:
            header, _, body = path.read_bytes().partition(b"\n")
            values = json.loads(header)
            if values["format"] != FORMAT or Key(values["index_id"], values["generation"]) != key:
                return None
            if hashlib.sha256(body).hexdigest() != values["sha256"]:
                log.warning("%s is damaged; making it again from the database.", path)
                return None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be read (%s); making it again from the database.", path, error)
            return None
        index = faiss.deserialize_index(np.frombuffer(body, dtype=np.uint8))
        return cls(key, index) if index.d == dimension else None

    def save(self, path: Path) -> bool:
        """Replace the file atomically. False, and a log line, when it cannot be written: nothing is lost by that."""
        body = faiss.serialize_index(self._index).tobytes()
        header = {
            "format": FORMAT,
            "index_id": self.key.index_id,
            "generation": self.key.generation,
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        temporary = None
        try:
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}-", delete=False) as handle:
                temporary = Path(handle.name)
                handle.write(json.dumps(header).encode() + b"\n")
                handle.write(body)
                handle.flush()
                os.fsync(handle.fileno())
            temporary.replace(path)
            return True
        except OSError as error:
            log.warning("%s cannot be written (%s); it will be made again when needed.", path, error.strerror or error)
            if temporary is not None:
                temporary.unlink(missing_ok=True)
            return False

    def search(
        self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None = None
    ) -> list[VectorMatch]:
        """The `k` chunks nearest to a unit vector of shape (dimension,), best first, equal ones by id."""
        k = min(k, len(self) if allowed is None else len(allowed))
        if k <= 0:
            return []
        # The answer to one question does not gain from a second thread, and waiting for one costs up to 25 ms.
        faiss.omp_set_num_threads(1)
        library: Any = faiss  # its wrappers take keyword arguments that the stubs do not know
        among = None if allowed is None else library.SearchParameters(sel=library.IDSelectorBatch(allowed))
        query = np.ascontiguousarray(vector, dtype=np.float32).reshape(1, -1)
        cosines, ids = self._index.search(query, k, params=among)
        matches = [
            VectorMatch(int(chunk_id), float(np.clip(cosine, -1.0, 1.0)))
            for chunk_id, cosine in zip(ids[0], cosines[0], strict=True)
            if chunk_id >= 0
        ]
        return sorted(matches, key=lambda match: (-match.cosine, match.chunk_id))


def load_vectors(folder: Path, connection: sqlite3.Connection, dimension: int) -> VectorIndex:
    """The vectors of the newest generation: from the FAISS file, or from the database, which writes the file again."""
    key = current_key(connection)
    if (kept := VectorIndex.load(folder / FILE, key, dimension)) is not None:
        return kept
    connection.execute("BEGIN")  # generation and vectors of one state
    try:
        key = current_key(connection)
        (count,) = connection.execute("SELECT count(*) FROM chunks").fetchone()
        ids = np.empty(count, dtype=np.int64)
        vectors = np.empty((count, dimension), dtype=np.float32)
        rows = connection.execute("SELECT c.id, vector FROM chunks c LEFT JOIN vectors USING (digest) ORDER BY c.id")
        for row, (chunk_id, vector) in enumerate(rows):
            if vector is None or len(vector) != 4 * dimension:
                raise IndexDamaged(
                    f"The index {folder / DATABASE} has no usable vector for passage {chunk_id}. Delete the folder "
                    f"{folder} and run `docqa index`; the documents themselves are not touched by that."
                )
            ids[row] = chunk_id
            vectors[row] = np.frombuffer(vector, dtype="<f4")
    finally:
        connection.execute("COMMIT")
    built = VectorIndex.build(key, ids, vectors)
    built.save(folder / FILE)
    return built


def current_key(connection: sqlite3.Connection) -> Key:
    """Which state the database is in."""
    meta = read_meta(connection)
    return Key(meta["index_id"], int(meta["generation"]))
