"""Brings an index up to date with a folder of documents, in one transaction."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
import uuid
from pathlib import Path

from index.embed import Embedder
from index.errors import CorpusError, IndexMismatch
from index.files import Files
from index.identity import check_identity, identity
from index.load import TEXT_VERSION
from index.lock import writing
from index.passages import Passages
from index.schema import DATABASE, SCHEMA, create_tables, explained, has_tables, open_to_write, read_meta, write_meta
from index.settings import ChunkSettings, LoadSettings
from index.spool import Spool
from index.types import Progress, UpdateReport
from index.vectors import load_vectors
from index.walk import walk

log = logging.getLogger(__name__)


def update_index(
    root: Path,
    folder: Path,
    embedder: Embedder,
    load: LoadSettings,
    chunk: ChunkSettings,
    progress: Progress | None = None,
) -> UpdateReport:
    """Make the index in `folder` that of the documents below `root`; it is made if there is none.

    Files are added, changed, moved and deleted by their content; one that cannot be read any more keeps its last good
    text and is marked stale. An index that was made with another model or other chunking is made again from the texts
    it holds. Readers see the old state until all is done; an update that ends early, even by a kill, leaves the old
    state, and the vectors it had computed are used by the next one.

    Args:
        progress: called with a stage ("read" files, "embed" passages), the number done and their total.

    Raises:
        CorpusError: `root` is missing, unreadable or holds no file at all; the index stays as it is.
        IndexLocked: another process is updating it.
        IndexMismatch: it was made by another version of docqa, or holds the documents of another folder.
        IndexDamaged: the database cannot be read.
        StorageError: the disk is full or the folder cannot be written.
    """
    started = time.monotonic()
    # Taken before any file is looked at: what changes from now on is younger.
    now = time.time_ns()
    found, unread = walk(root)
    if not found and not unread:
        raise CorpusError(
            f"The folder of documents {root} is empty. Put documents into it or name another with --corpus; "
            "what was indexed before is kept."
        )
    path = folder / DATABASE
    with writing(folder), explained(path):
        connection = open_to_write(path)
        spool = Spool(folder)
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                meta = _prepare(connection, folder, identity(embedder, chunk))
                place = _place(root, folder)
                _check_place(connection, folder, meta, place)
                passages = Passages(connection, embedder, chunk, spool)
                read_as = f"{TEXT_VERSION} {load.model_dump_json()}"
                files = Files(connection, root, load, passages, now)
                files.compare(found, unread, meta.get("load") == read_as, progress or _silent)
                if changed_settings := "model" in meta and not identity(embedder, chunk).items() <= meta.items():
                    log.info("The model or the chunking has changed: making all passages again.")
                    passages.put_all_again()
                passages.embed(progress or _silent)
                generation = int(meta["generation"])
                if files.altered or changed_settings or not generation:
                    passages.tidy()
                    generation += 1
                now_made_with: dict[str, str | int] = {"load": read_as, "generation": generation}
                write_meta(connection, {**identity(embedder, chunk), **place, **now_made_with})
                (documents,) = connection.execute("SELECT count(*) FROM documents").fetchone()
                (chunks,) = connection.execute("SELECT count(*) FROM chunks").fetchone()
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            spool.remove()
            load_vectors(folder, connection, embedder.dimension)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            spool.close()
            connection.close()
    return UpdateReport(
        **files.counts,
        left_out=tuple(files.left_out[uri] for uri in sorted(files.left_out)),
        documents=documents,
        chunks=chunks,
        generation=generation,
        seconds=time.monotonic() - started,
    )


def _silent(stage: str, done: int, total: int) -> None:
    pass


def _prepare(connection: sqlite3.Connection, folder: Path, wanted: dict[str, str]) -> dict[str, str]:
    if not has_tables(connection):
        create_tables(connection)
        write_meta(connection, {"schema": SCHEMA, "index_id": uuid.uuid4().hex, "generation": 0})
    meta = read_meta(connection)
    # Another model or chunking is no obstacle to an update; another form of the tables is.
    check_identity(folder, {**wanted, "schema": meta["schema"]}, wanted)
    return meta


def _place(root: Path, folder: Path) -> dict[str, str]:
    """Where the corpus lies, for `meta`: its path, and the way to it from the index."""
    real = root.resolve()
    paths = {"root": str(real), "root_from_index": os.path.relpath(real, folder.resolve())}
    return {key: os.fsencode(path).decode("utf-8", "backslashreplace") for key, path in paths.items()}


def _check_place(connection: sqlite3.Connection, folder: Path, meta: dict[str, str], place: dict[str, str]) -> None:
    """Raises IndexMismatch when documents of another folder would be deleted for those of this one.

    A folder that holds both corpus and index may be moved; an index that knows no place yet takes this one.
    """
    if not {"root", "root_from_index"} <= meta.keys() or any(meta[key] == path for key, path in place.items()):
        return
    if connection.execute("SELECT 1 FROM documents").fetchone():
        raise IndexMismatch(
            f"The index in {folder} holds the documents of {meta['root']}, not those of {place['root']}. Name the "
            "former with --corpus, or another folder for this index with --index-dir. If the documents were moved, "
            f"delete the folder {folder} and run `docqa index`; the documents themselves are not touched by that."
        )
