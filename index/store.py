"""The read side of an index: documents, passages, and the search by words and by vectors."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embed import Embedder
from index.errors import IndexMissing
from index.identity import check_identity, identity
from index.schema import DATABASE, explained, has_tables, open_to_read, read_meta
from index.settings import ChunkSettings
from index.types import (
    Chunk,
    CorpusStatus,
    Document,
    DocumentInfo,
    Filter,
    Heading,
    LeftOut,
    Source,
    TextMatch,
    VectorMatch,
)
from index.vectors import FILE, VectorIndex, current_key, load_vectors
from index.words import Stemmer, match_expression, query_words

NO_FILTER = Filter()
_DOCUMENT = "SELECT id, uri, title, media_type, text, sha256, page_starts, headings FROM documents WHERE"


class _Reader:
    """What one thread at a time uses: a connection, the file it is open on, and a stemmer."""

    def __init__(self, path: Path) -> None:
        self.connection = open_to_read(path)
        self.file = _identity(path)
        self.stemmer = Stemmer()

    def close(self) -> None:
        self.connection.close()
        self.stemmer.close()


class Corpus:
    """An index that is open for reading, from any number of threads.

    Each call sees the newest generation that an update has finished, and no update makes a call wait. An id from one
    call may be gone in the next one: `chunks` leaves it out, `document` raises KeyError.
    """

    def __init__(self, folder: Path, embedder: Embedder, chunk: ChunkSettings) -> None:
        self._folder = folder
        self._path = folder / DATABASE
        self._expected = identity(embedder, chunk)
        self._dimension = embedder.dimension
        self._idle: list[_Reader] = []
        self._lock = threading.Lock()
        self._vectors: VectorIndex | None = None
        self._vectors_lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path, embedder: Embedder, chunk: ChunkSettings) -> Corpus:
        """Open the index in a folder.

        Raises:
            IndexMissing: there is none yet.
            IndexMismatch: it was made with another model, other chunking or another version.
            IndexDamaged: the database cannot be read.
        """
        corpus = cls(folder, embedder, chunk)
        try:
            with corpus._reading() as reader:
                corpus._current_vectors(reader)
        except Exception:
            corpus.close()
            raise
        return corpus

    @property
    def generation(self) -> int:
        """The number of the newest finished update."""
        with self._reading() as reader:
            return current_key(reader.connection).generation

    def document(self, doc_id: int) -> Document:
        """Raises KeyError when there is none with this id (any more)."""
        with self._reading() as reader:
            row = reader.connection.execute(f"{_DOCUMENT} id = ?", (doc_id,)).fetchone()
        if row is None:
            raise KeyError(f"no document with id {doc_id}")
        return _document(row)

    def document_by_uri(self, uri: str) -> Document | None:
        """The document at a path below the corpus root, or None."""
        with self._reading() as reader:
            row = reader.connection.execute(f"{_DOCUMENT} uri = ?", (uri,)).fetchone()
        return None if row is None else _document(row)

    def documents(self) -> list[DocumentInfo]:
        """All documents in the order of their uris, without their text."""
        with self._reading() as reader:
            rows = reader.connection.execute(
                "SELECT d.id, uri, d.title, media_type, characters, count(c.id), stale"
                " FROM documents d LEFT JOIN chunks c ON c.doc_id = d.id GROUP BY d.id ORDER BY uri"
            ).fetchall()
        return [DocumentInfo(row[0], row[1], row[2], row[3], row[4], row[5], bool(row[6])) for row in rows]

    def sources(self, ids: Sequence[int]) -> dict[int, Source]:
        """The documents with these ids, by id, without their text; those that are gone are left out."""
        with self._reading() as reader:
            rows = reader.connection.execute(
                "SELECT id, uri, title, page_starts, stale FROM documents WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(ids)),),
            ).fetchall()
        return {row[0]: Source(row[1], row[2], tuple(json.loads(row[3])), bool(row[4])) for row in rows}

    def chunks(self, ids: Sequence[int]) -> list[Chunk]:
        """The passages with these ids, in the order asked for; those that are gone are left out."""
        with self._reading() as reader:
            rows = reader.connection.execute(
                'SELECT id, doc_id, "start", "end", "text", n_tokens, heading FROM chunks'
                " WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps([int(chunk_id) for chunk_id in ids]),),
            ).fetchall()
        found = {row[0]: Chunk(*row) for row in rows}
        return [found[chunk_id] for chunk_id in ids if chunk_id in found]

    def search_text(self, query: str, k: int, where: Filter = NO_FILTER) -> list[TextMatch]:
        """The `k` passages that match the words of a query best, by BM25 (Robertson and Zaragoza 2009, as in FTS5).

        Any text is a query, nothing in it is syntax. Its words are OR-ed after stemming; words that stand in many of
        the passages are left out unless there are no others.
        """
        words = query_words(query)
        if not words or k <= 0:
            return []
        with self._reading() as reader:
            terms = reader.stemmer.terms(words)
            common = dict(
                reader.connection.execute(
                    "SELECT term, chunks FROM common_words WHERE term IN (SELECT value FROM json_each(?))",
                    (json.dumps(list(terms)),),
                )
            )
            expression = match_expression(terms, common)
            if not expression:
                return []
            condition, values = _condition(where)
            join = "JOIN chunks c ON c.id = w.rowid JOIN documents d ON d.id = c.doc_id" if where else ""
            rows = reader.connection.execute(
                f"SELECT w.rowid, -bm25(words) AS score FROM words w {join}"  # noqa: S608  our own parts
                f" WHERE words MATCH ? {condition} ORDER BY score DESC, w.rowid LIMIT ?",
                (expression, *values, k),
            ).fetchall()
        return [TextMatch(row[0], row[1]) for row in rows]

    def search_vectors(self, vector: NDArray[np.float32], k: int, where: Filter = NO_FILTER) -> list[VectorMatch]:
        """The `k` passages nearest to a unit vector of shape (dimension,), by cosine; with a filter always exact."""
        with self._reading() as reader:
            vectors = self._current_vectors(reader)
            allowed = None
            if where:
                condition, values = _condition(where)
                rows = reader.connection.execute(
                    f"SELECT c.id FROM chunks c JOIN documents d ON d.id = c.doc_id WHERE true {condition}",  # noqa: S608  our own parts
                    values,
                ).fetchall()
                allowed = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        return vectors.search(vector, k, allowed)

    def cosines(self, vector: NDArray[np.float32], ids: Sequence[int]) -> dict[int, float]:
        """The cosine of each passage to a unit vector of shape (dimension,), by id, without passages that are gone."""
        if not ids:
            return {}
        with self._reading() as reader:
            rows = reader.connection.execute(
                "SELECT c.id, vector FROM chunks c JOIN vectors USING (digest)"
                " WHERE c.id IN (SELECT value FROM json_each(?))",
                (json.dumps([int(chunk_id) for chunk_id in ids]),),
            ).fetchall()
        return {row[0]: float(np.frombuffer(row[1], dtype="<f4") @ vector) for row in rows}

    def status(self) -> CorpusStatus:
        """Counts, files left out and what the index was made with."""
        with self._reading() as reader:
            connection = reader.connection
            meta = read_meta(connection)
            documents, stale = connection.execute("SELECT count(*), coalesce(sum(stale), 0) FROM documents").fetchone()
            (chunks,) = connection.execute("SELECT count(*) FROM chunks").fetchone()
            left_out = connection.execute("SELECT uri, reason, stale FROM left_out ORDER BY uri").fetchall()
        names = (DATABASE, f"{DATABASE}-wal", FILE)
        return CorpusStatus(
            generation=int(meta["generation"]),
            documents=documents,
            chunks=chunks,
            stale=stale,
            left_out=tuple(LeftOut(uri, reason, bool(flag)) for uri, reason, flag in left_out),
            size=sum(path.stat().st_size for name in names if (path := self._folder / name).exists()),
            model=meta["model"],
            model_digest=meta["model_digest"],
            dimension=int(meta["dimension"]),
            max_tokens=int(meta["max_tokens"]),
            overlap_sentences=int(meta["overlap_sentences"]),
            schema=int(meta["schema"]),
            root=meta.get("root", ""),
        )

    def close(self) -> None:
        """Release the connections; a later call opens them again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.close()

    @contextmanager
    def _reading(self) -> Iterator[_Reader]:
        """A connection that nobody else uses meanwhile. One on a database that was replaced is not used again."""
        with explained(self._path):
            with self._lock:
                reader = self._idle.pop() if self._idle else None
            if reader is not None and reader.file != _identity(self._path):
                reader.close()
                reader = None
            if reader is None:
                reader = _Reader(self._path)
            try:
                self._check(reader.connection)
                yield reader
            except BaseException:
                reader.close()
                raise
            with self._lock:
                self._idle.append(reader)

    def _check(self, connection: sqlite3.Connection) -> None:
        if not has_tables(connection):
            raise IndexMissing(f"There is no index in {self._folder} yet. Run `docqa index` to make it.")
        check_identity(self._folder, read_meta(connection), self._expected)

    def _current_vectors(self, reader: _Reader) -> VectorIndex:
        key = current_key(reader.connection)
        vectors = self._vectors
        if vectors is not None and vectors.key == key:
            return vectors
        with self._vectors_lock:
            if self._vectors is None or self._vectors.key != key:
                self._vectors = load_vectors(self._folder, reader.connection, self._dimension)
            return self._vectors


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _document(row: tuple[int, str, str, str, str, str, str, str]) -> Document:
    headings = tuple(Heading(*heading) for heading in json.loads(row[7]))
    return Document(*row[:6], page_starts=tuple(json.loads(row[6])), headings=headings)


def _condition(where: Filter) -> tuple[str, list[str]]:
    """SQL that begins with AND, over the table `d` of documents, and its values."""
    parts: list[str] = []
    values: list[str] = []
    if where.uris:
        parts.append("d.uri IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(where.uris))
    if where.folders:
        parts.append("(" + " OR ".join("substr(d.uri, 1, length(?)) = ?" for _ in where.folders) + ")")
        for folder in where.folders:
            values += [folder.rstrip("/") + "/"] * 2
    if where.suffixes:
        parts.append("d.suffix IN (SELECT value FROM json_each(?))")
        values.append(json.dumps([suffix.lower() for suffix in where.suffixes]))
    return "".join(f" AND {part}" for part in parts), values
