"""Vectors that an update has computed but not yet committed, so that one that was killed does not begin again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from index.errors import IndexDamaged
from index.schema import explained, open_to_write

FILE = "unfinished.db"


class Spool:
    """Vectors by the digest of model and text, each `put` durable at once. A damaged file is only thrown away."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._connection: sqlite3.Connection | None = None

    @property
    def exists(self) -> bool:
        """Whether an update left one behind, or this one has begun it."""
        return self._path.exists()

    def get(self, digests: Sequence[bytes]) -> dict[bytes, bytes]:
        """Those of the vectors that are there."""
        if not self.exists:
            return {}
        try:
            connection = self._open()
            found = (
                connection.execute("SELECT * FROM vectors WHERE digest = ?", (digest,)).fetchone() for digest in digests
            )
            return {row[0]: row[1] for row in found if row is not None}
        except (sqlite3.DatabaseError, IndexDamaged):
            self.remove()
            return {}

    def put(self, vectors: Sequence[tuple[bytes, bytes]]) -> None:
        """Keep them. Raises StorageError when the disk is full."""
        with explained(self._path):
            connection = self._open()
            connection.execute("BEGIN")
            try:
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", vectors)
                connection.execute("COMMIT")
            except sqlite3.Error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Keep the file for the next update."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def remove(self) -> None:
        """Delete the file: all of it is in the index now, or it is damaged."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_to_write(self._path)
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (digest BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
            )
        return self._connection
