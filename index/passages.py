"""The passages of documents and their vectors, as an update writes them into the database."""

from __future__ import annotations

import hashlib
import json
import sqlite3

from index.chunk import chunk_document, embedding_text
from index.embed import Embedder
from index.settings import ChunkSettings
from index.spool import Spool
from index.types import Chunk, Document, Heading, Progress
from index.words import bigrams

PASSAGES_AT_ONCE = 256
# A word in more than this share of the passages, and in more than so many, is not searched for.
COMMON_SHARE = 0.2
COMMON_LEAST = 1000


class Passages:
    """Writes passages inside the transaction that is open on a connection."""

    def __init__(
        self, connection: sqlite3.Connection, embedder: Embedder, settings: ChunkSettings, spool: Spool
    ) -> None:
        self._connection = connection
        self._embedder = embedder
        self._settings = settings
        self._spool = spool
        self._space = f"{embedder.name}\0{embedder.digest}\0".encode()
        self._written: set[int] = set()

    def put(self, doc_id: int, document: Document) -> None:
        """Replace the passages of a document; one that is the same as before keeps its id."""
        self._written.add(doc_id)
        sql = self._connection.execute
        rows = sql('SELECT "start", "end", "text", heading, id FROM chunks WHERE doc_id = ?', (doc_id,))
        old = {row[:4]: row[4] for row in rows}
        for chunk in chunk_document(document, self._embedder.token_spans, self._settings):
            pairs = bigrams("\n".join((document.title, chunk.heading, chunk.text)))
            values = (chunk.n_tokens, self._digest(embedding_text(document.title, chunk)), document.title, pairs)
            same = old.pop((chunk.start, chunk.end, chunk.text, chunk.heading), None)
            if same is None:
                sql(
                    'INSERT INTO chunks (n_tokens, digest, title, bigrams, doc_id, "start", "end", heading, "text")'
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*values, doc_id, chunk.start, chunk.end, chunk.heading, chunk.text),
                )
            else:
                sql("UPDATE chunks SET n_tokens = ?, digest = ?, title = ?, bigrams = ? WHERE id = ?", (*values, same))
        for chunk_id in old.values():
            sql("DELETE FROM chunks WHERE id = ?", (chunk_id,))

    def put_all_again(self) -> None:
        """Make the passages of all documents that were not `put` yet from the texts that are stored."""
        for (doc_id,) in self._connection.execute("SELECT id FROM documents ORDER BY id").fetchall():
            if doc_id not in self._written:
                title, text, headings = self._connection.execute(
                    "SELECT title, text, headings FROM documents WHERE id = ?", (doc_id,)
                ).fetchone()
                shape = tuple(Heading(*heading) for heading in json.loads(headings))
                self.put(doc_id, Document(doc_id, "", title, "", text, "", headings=shape))

    def embed(self, progress: Progress) -> None:
        """Give every passage without one its vector: that of an equal passage, of a killed update, or a new one."""
        ids = [
            row[0]
            for row in self._connection.execute(
                "SELECT min(id) FROM chunks WHERE digest NOT IN (SELECT digest FROM vectors)"
                " GROUP BY digest ORDER BY n_tokens DESC, min(id)"
            )
        ]
        for first in range(0, len(ids), PASSAGES_AT_ONCE):
            progress("embed", first, len(ids))
            texts = self._texts(ids[first : first + PASSAGES_AT_ONCE])
            vectors = self._spool.get(list(texts))
            fresh = [digest for digest in texts if digest not in vectors]
            if fresh:
                matrix = self._embedder.embed_passages([texts[digest] for digest in fresh])
                packed = (row.tobytes() for row in matrix.astype("<f4"))
                made = list(zip(fresh, packed, strict=True))
                vectors.update(made)
                if len(ids) > PASSAGES_AT_ONCE:
                    self._spool.put(made)
            self._connection.executemany("INSERT INTO vectors VALUES (?, ?)", vectors.items())
        if ids:
            progress("embed", len(ids), len(ids))

    def tidy(self) -> None:
        """Drop vectors that no passage has any more and count the words that stand in many passages."""
        sql = self._connection.execute
        sql("DELETE FROM vectors WHERE digest NOT IN (SELECT digest FROM chunks)")
        sql("DELETE FROM common_words")
        (chunks,) = sql("SELECT count(*) FROM chunks").fetchone()
        least = max(COMMON_LEAST, int(COMMON_SHARE * chunks))
        if chunks > least:
            sql("INSERT INTO common_words SELECT term, doc FROM vocabulary WHERE doc > ?", (least,))

    def _texts(self, ids: list[int]) -> dict[bytes, str]:
        rows = self._connection.execute(
            'SELECT digest, title, id, doc_id, "start", "end", "text", n_tokens, heading FROM chunks'
            " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY n_tokens DESC, id",
            (json.dumps(ids),),
        )
        return {digest: embedding_text(title, Chunk(*chunk)) for digest, title, *chunk in rows}

    def _digest(self, text: str) -> bytes:
        return hashlib.sha256(self._space + text.encode()).digest()[:16]
