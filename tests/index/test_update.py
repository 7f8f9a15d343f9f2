"""What an update of the index adds, changes, moves, deletes and keeps, on real files and a real database."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from index.errors import CorpusError, IndexDamaged, IndexLocked, IndexMismatch, StorageError
from index.lock import writing
from index.schema import DATABASE
from index.settings import ChunkSettings, LoadSettings
from index.spool import Spool
from index.store import Corpus
from index.types import UpdateReport
from index.update import update_index
from index.vectors import FILE
from tests.conftest import DOCUMENTS, LetterEmbedder

Update = Callable[[], UpdateReport]
LONG_AGO_NS = 1_600_000_000 * 10**9


def contents(folder: Path, embedder: LetterEmbedder) -> dict[str, object]:
    """All that a search can find, without ids."""
    corpus = Corpus.open(folder, embedder, ChunkSettings())
    found: dict[str, object] = {}
    for info in corpus.documents():
        document = corpus.document(info.id)
        matches = corpus.search_vectors(embedder.embed_query("the"), 1000)
        chunks = [c for c in corpus.chunks([m.chunk_id for m in matches]) if c.doc_id == info.id]
        found[info.uri] = (
            document.title,
            document.text,
            document.sha256,
            sorted((c.start, c.end, c.text, c.heading) for c in chunks),
        )
    corpus.close()
    return found


def age(folder: Path) -> None:
    """Give every file a time stamp that is no longer in doubt."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))


def counts(report: UpdateReport) -> tuple[int, int, int, int, int]:
    return report.added, report.changed, report.moved, report.deleted, report.unchanged


def test_first_update_adds_and_the_second_changes_nothing(update: Update, embedder: LetterEmbedder) -> None:
    first = update()
    assert counts(first) == (3, 0, 0, 0, 0)
    assert (first.documents, first.generation) == (3, 1)
    done = len(embedder.embedded)
    assert done == first.chunks
    second = update()
    assert counts(second) == (0, 0, 0, 0, 3)
    assert second.generation == 1
    assert len(embedder.embedded) == done


def test_an_unchanged_file_with_a_settled_time_stamp_is_not_opened(corpus_folder: Path, update: Update) -> None:
    age(corpus_folder)
    update()
    river = corpus_folder / "river.md"
    size = river.stat().st_size
    river.write_text("x" * size, "utf-8")
    os.utime(river, ns=(LONG_AGO_NS, LONG_AGO_NS))
    # Same size, same time: taken for the same. This is what makes 10,000 files quick, and shows it was not opened.
    assert counts(update()) == (0, 0, 0, 0, 3)


def test_an_index_made_by_older_parsers_is_read_again(
    corpus_folder: Path, index_folder: Path, update: Update, corpus: Corpus
) -> None:
    age(corpus_folder)
    update()
    with sqlite3.connect(index_folder / DATABASE) as database:
        database.execute("UPDATE documents SET text = replace(text, 'floods', 'sleeps') WHERE uri = 'river.md'")
    assert counts(update()) == (0, 0, 0, 0, 3)
    with database:
        database.execute("UPDATE meta SET value = '1 ' || substr(value, instr(value, ' ') + 1) WHERE key = 'load'")
    database.close()
    assert update().changed == 1
    (river,) = [info.id for info in corpus.documents() if info.uri == "river.md"]
    assert "floods" in corpus.document(river).text
    assert counts(update()) == (0, 0, 0, 0, 3)


def test_a_change_within_the_clock_of_the_file_system_is_found(corpus_folder: Path, update: Update) -> None:
    river = corpus_folder / "river.md"
    stamp = river.stat().st_mtime_ns
    update()
    text = river.read_text("utf-8").replace("spring", "autumn"[:6])
    river.write_text(text, "utf-8")
    os.utime(river, ns=(stamp, stamp))
    assert counts(update()) == (0, 1, 0, 0, 2)


def test_a_touched_file_is_unchanged(corpus_folder: Path, update: Update) -> None:
    update()
    os.utime(corpus_folder / "river.md", ns=(LONG_AGO_NS, LONG_AGO_NS))
    report = update()
    assert counts(report) == (0, 0, 0, 0, 3)
    assert report.generation == 1


def test_a_changed_document_keeps_its_id(corpus_folder: Path, update: Update, corpus: Corpus) -> None:
    before = corpus.document_by_uri("river.md")
    (corpus_folder / "river.md").write_text("# The river\n\nThe river is frozen.", "utf-8")
    assert counts(update()) == (0, 1, 0, 0, 2)
    after = corpus.document_by_uri("river.md")
    assert before is not None and after is not None
    assert after.id == before.id
    assert "frozen" in after.text
    assert corpus.search_text("floods", 5) == []


def test_a_moved_file_keeps_document_passages_and_vectors(
    corpus_folder: Path, update: Update, corpus: Corpus, embedder: LetterEmbedder
) -> None:
    before = corpus.document_by_uri("council/budget.txt")
    assert before is not None
    passages = [m.chunk_id for m in corpus.search_text("million", 5)]
    done = len(embedder.embedded)
    (corpus_folder / "old").mkdir()
    (corpus_folder / "council" / "budget.txt").rename(corpus_folder / "old" / "budget.txt")
    assert counts(update()) == (0, 0, 1, 0, 2)
    after = corpus.document_by_uri("old/budget.txt")
    assert after is not None and after.id == before.id
    assert corpus.document_by_uri("council/budget.txt") is None
    assert [m.chunk_id for m in corpus.search_text("million", 5)] == passages
    assert len(embedder.embedded) == done


def test_a_deleted_document_no_longer_answers(corpus_folder: Path, update: Update, corpus: Corpus) -> None:
    gone = corpus.search_text("floods", 1)[0].chunk_id
    (corpus_folder / "river.md").unlink()
    assert counts(update()) == (0, 0, 0, 1, 2)
    assert corpus.search_text("floods", 5) == []
    assert corpus.chunks([gone]) == []
    assert gone not in {m.chunk_id for m in corpus.search_vectors(LetterEmbedder().embed_query("river"), 10)}


def test_ids_are_never_used_again(corpus_folder: Path, update: Update, corpus: Corpus) -> None:
    highest = max(info.id for info in corpus.documents())
    text = (corpus_folder / "river.md").read_text("utf-8")
    for path in list(corpus_folder.rglob("*.*")):
        path.unlink()
    (corpus_folder / "new.txt").write_text("Something else altogether.", "utf-8")
    update()
    (corpus_folder / "river.md").write_text(text, "utf-8")
    update()
    assert min(info.id for info in corpus.documents()) > highest


def test_any_sequence_of_updates_ends_where_a_fresh_index_does(
    corpus_folder: Path, index_folder: Path, update: Update, embedder: LetterEmbedder, tmp_path: Path
) -> None:
    update()
    (corpus_folder / "river.md").rename(corpus_folder / "council" / "stream.md")
    (corpus_folder / "council" / "budget.txt").write_text("The budget is five million now.", "utf-8")
    update()
    (corpus_folder / "council" / "budget.txt").rename(corpus_folder / "accounts.txt")
    (corpus_folder / "council" / "minutes.txt").unlink()
    shutil.copy(corpus_folder / "accounts.txt", corpus_folder / "copy.txt")
    update()
    fresh = tmp_path / "fresh"
    update_index(corpus_folder, fresh, embedder, LoadSettings(), ChunkSettings())
    assert contents(index_folder, embedder) == contents(fresh, embedder)


def test_a_passage_that_stays_is_not_embedded_again(
    corpus_folder: Path, update: Update, corpus: Corpus, embedder: LetterEmbedder
) -> None:
    paragraphs = [f"Paragraph {i} speaks of {'many ' * 150}things." for i in range(4)]
    path = corpus_folder / "long.txt"
    path.write_text("\n\n".join(paragraphs), "utf-8")
    added = update().chunks
    before = {m.chunk_id for m in corpus.search_text("paragraph", 50)}
    done = len(embedder.embedded)
    path.write_text("\n\n".join([*paragraphs, "One more at the end."]), "utf-8")
    update()
    after = {m.chunk_id for m in corpus.search_text("paragraph", 50)}
    assert len(before & after) >= len(before) - 1
    assert 0 < len(embedder.embedded) - done < added


def test_rows_of_a_table_are_documents(corpus_folder: Path, index_folder: Path, embedder: LetterEmbedder) -> None:
    settings = LoadSettings(text_column="text", title_column="name")
    table = corpus_folder / "t.csv"
    table.write_text("name,text\nA,The mill burned down.\nB,The mill was built again.\n", "utf-8")

    def update() -> UpdateReport:
        return update_index(corpus_folder, index_folder, embedder, settings, ChunkSettings())

    assert update().added == 5
    table.write_text("name,text\nA,The mill burned down.\nB,The mill is a museum.\nC,It opens daily.\n", "utf-8")
    assert counts(update()) == (1, 1, 0, 0, 4)
    table.rename(corpus_folder / "u.csv")
    assert counts(update()) == (0, 0, 3, 0, 3)
    (corpus_folder / "u.csv").unlink()
    assert counts(update()) == (0, 0, 0, 3, 3)


def test_a_file_that_breaks_keeps_its_last_good_text_and_is_named(
    corpus_folder: Path, update: Update, corpus: Corpus
) -> None:
    good = (corpus_folder / "river.md").read_bytes()
    (corpus_folder / "river.md").write_bytes(b"")
    report = update()
    assert counts(report) == (0, 0, 0, 0, 2)
    assert [(item.uri, item.stale) for item in report.left_out] == [("river.md", True)]
    assert corpus.search_text("floods", 5) != []
    assert [info.uri for info in corpus.documents() if info.stale] == ["river.md"]
    assert corpus.status().left_out == report.left_out
    age(corpus_folder)
    assert update().left_out == report.left_out
    assert update().left_out == report.left_out
    (corpus_folder / "river.md").write_bytes(good)
    assert update().left_out == ()
    assert corpus.status().stale == 0


@pytest.mark.parametrize("settled", [True, False])
def test_a_file_that_became_too_large_for_the_settings_is_named_by_every_update(
    corpus_folder: Path, index_folder: Path, embedder: LetterEmbedder, settled: bool
) -> None:
    def update(load: LoadSettings) -> UpdateReport:
        return update_index(corpus_folder, index_folder, embedder, load, ChunkSettings())

    (corpus_folder / "river.md").write_text("The river floods in spring. " * 100, "utf-8")
    if settled:
        age(corpus_folder)
    update(LoadSettings())
    small = LoadSettings(max_file_mb=0.001)
    first = update(small)
    assert [(item.uri, item.stale) for item in first.left_out] == [("river.md", True)]
    for report in (update(small), update(small)):
        assert report.left_out == first.left_out
        assert counts(report) == (0, 0, 0, 0, 2)
    corpus = Corpus.open(index_folder, embedder, ChunkSettings())
    assert [info.uri for info in corpus.documents() if info.stale] == ["river.md"]
    report = update(LoadSettings())
    assert (report.left_out, counts(report)) == ((), (0, 0, 0, 0, 3))
    assert corpus.status().stale == 0


@pytest.mark.parametrize("settled", [True, False])
def test_a_file_renamed_to_a_format_that_it_is_not_is_named_by_every_update(
    corpus_folder: Path, update: Update, corpus: Corpus, settled: bool
) -> None:
    if settled:
        age(corpus_folder)
        update()
    (corpus_folder / "council" / "budget.txt").rename(corpus_folder / "council" / "budget.pdf")
    first = update()
    assert [(item.uri, item.stale) for item in first.left_out] == [("council/budget.pdf", True)]
    for report in (update(), update()):
        assert report.left_out == first.left_out
        assert counts(report) == (0, 0, 0, 0, 2)
    assert [info.uri for info in corpus.documents() if info.stale] == ["council/budget.pdf"]
    (corpus_folder / "council" / "budget.pdf").rename(corpus_folder / "council" / "budget.txt")
    assert update().left_out == ()
    assert corpus.status().stale == 0


def test_a_file_that_could_not_be_reached_for_a_while_is_good_again(
    corpus_folder: Path, update: Update, corpus: Corpus, tmp_path: Path
) -> None:
    age(corpus_folder)
    update()
    river = corpus_folder / "river.md"
    river.rename(tmp_path / "away.md")
    os.mkfifo(river)
    assert [(item.uri, item.stale) for item in update().left_out] == [("river.md", True)]
    assert corpus.status().stale == 1
    river.unlink()
    (tmp_path / "away.md").rename(river)
    report = update()
    assert (report.left_out, counts(report)) == ((), (0, 0, 0, 0, 3))
    assert corpus.status().stale == 0


@pytest.mark.parametrize("instead", ["file without a type", "pipe", "link to nothing", "link out of the corpus"])
def test_what_lay_in_a_folder_that_is_no_folder_any_more_is_gone(
    corpus_folder: Path, update: Update, corpus: Corpus, tmp_path: Path, instead: str
) -> None:
    council = corpus_folder / "council"
    if instead == "link out of the corpus":
        council.rename(tmp_path / "moved")
        council.symlink_to(tmp_path / "moved")
    else:
        shutil.rmtree(council)
        if instead == "pipe":
            os.mkfifo(council)
        elif instead == "link to nothing":
            council.symlink_to(tmp_path / "nothing")
        else:
            council.write_text("No notes any more.", "utf-8")
    report = update()
    assert counts(report) == (0, 0, 0, 2, 1)
    assert [(item.uri, item.stale) for item in report.left_out] == [("council", False)]
    assert [info.uri for info in corpus.documents()] == ["river.md"]
    assert corpus.search_text("budget", 5) == []
    assert counts(update()) == (0, 0, 0, 0, 1)


@contextmanager
def without_rights_of_root() -> Iterator[Path]:
    """A new folder and, for root, to whom permissions do not apply, another user."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_what_lies_in_a_folder_that_cannot_be_opened_is_kept(embedder: LetterEmbedder, mode: int) -> None:
    with without_rights_of_root() as folder:
        root, index = folder / "corpus", folder / "index"
        for name, text in DOCUMENTS.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, "utf-8")

        def update() -> UpdateReport:
            return update_index(root, index, embedder, LoadSettings(), ChunkSettings())

        assert update().added == 3
        (root / "council").chmod(mode)
        report = update()
        (root / "council").chmod(0o755)
        assert counts(report) == (0, 0, 0, 0, 1)
        assert {item.stale for item in report.left_out} == {True}
        corpus = Corpus.open(index, embedder, ChunkSettings())
        assert [info.uri for info in corpus.documents() if info.stale] == ["council/budget.txt", "council/minutes.txt"]
        assert (update().left_out, corpus.status().stale) == ((), 0)
        corpus.close()


def test_a_broken_new_file_is_named_and_the_rest_is_indexed(corpus_folder: Path, update: Update) -> None:
    (corpus_folder / "scan.pdf").write_bytes(b"%PDF-1.4 nothing")
    report = update()
    assert report.documents == 3
    assert [(item.uri, item.stale) for item in report.left_out] == [("scan.pdf", False)]


def test_a_missing_or_empty_corpus_loses_nothing(
    corpus_folder: Path, update: Update, corpus: Corpus, tmp_path: Path
) -> None:
    corpus_folder.rename(tmp_path / "elsewhere")
    with pytest.raises(CorpusError, match=str(corpus_folder)):
        update()
    corpus_folder.mkdir()
    with pytest.raises(CorpusError, match="is empty"):
        update()
    assert len(corpus.documents()) == 3


def test_documents_of_another_folder_do_not_replace_those_of_an_index(
    corpus_folder: Path, index_folder: Path, update: Update, corpus: Corpus, embedder: LetterEmbedder, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "mill.txt").write_text("The mill grinds.", "utf-8")
    for _ in range(2):
        with pytest.raises(IndexMismatch) as caught:
            update_index(other, index_folder, embedder, LoadSettings(), ChunkSettings())
        assert str(other) in str(caught.value) and str(corpus_folder) in str(caught.value)
        assert "--index-dir" in str(caught.value) and f"delete the folder {index_folder}" in str(caught.value)
    assert len(corpus.documents()) == 3
    assert counts(update()) == (0, 0, 0, 0, 3)
    link = tmp_path / "link"
    link.symlink_to(corpus_folder)
    assert counts(update_index(link, index_folder, embedder, LoadSettings(), ChunkSettings())) == (0, 0, 0, 0, 3)


def test_corpus_and_index_may_be_moved_together_or_the_index_alone(
    corpus_folder: Path, index_folder: Path, update: Update, embedder: LetterEmbedder, tmp_path: Path
) -> None:
    update()
    home, named = tmp_path / "home", tmp_path / os.fsdecode(b"caf\xe9")
    home.mkdir()
    for folder in (corpus_folder, index_folder):
        folder.rename(home / folder.name)
    home.rename(named)
    corpus_now, index_now = named / corpus_folder.name, named / index_folder.name
    report = update_index(corpus_now, index_now, embedder, LoadSettings(), ChunkSettings())
    assert counts(report) == (0, 0, 0, 0, 3)
    index_now.rename(index_folder)
    report = update_index(corpus_now, index_folder, embedder, LoadSettings(), ChunkSettings())
    assert counts(report) == (0, 0, 0, 0, 3)


@pytest.mark.parametrize("reason", ["knows no folder", "holds no documents"])
def test_an_index_that_loses_nothing_takes_another_folder(
    corpus_folder: Path, index_folder: Path, update: Update, embedder: LetterEmbedder, tmp_path: Path, reason: str
) -> None:
    update()
    if reason == "knows no folder":
        with sqlite3.connect(index_folder / DATABASE) as older:
            older.execute("DELETE FROM meta WHERE key IN ('root', 'root_from_index')")
        older.close()
    else:
        for path in corpus_folder.rglob("*.*"):
            path.unlink()
        (corpus_folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
        update()
    other = tmp_path / "other"
    other.mkdir()
    (other / "mill.txt").write_text("The mill grinds.", "utf-8")
    assert update_index(other, index_folder, embedder, LoadSettings(), ChunkSettings()).documents == 1
    with pytest.raises(IndexMismatch, match=str(other)):
        update()


def test_another_model_or_chunking_is_named_and_an_update_makes_all_again(
    corpus_folder: Path, index_folder: Path, update: Update, embedder: LetterEmbedder
) -> None:
    update()
    (corpus_folder / "river.md").write_bytes(b"")
    other = LetterEmbedder(digest="1" * 64)
    with pytest.raises(IndexMismatch) as caught:
        Corpus.open(index_folder, other, ChunkSettings())
    assert "0" * 64 in str(caught.value) and "1" * 64 in str(caught.value) and "docqa index" in str(caught.value)
    with pytest.raises(IndexMismatch, match=r"max_tokens 180.*max_tokens 32"):
        Corpus.open(index_folder, embedder, ChunkSettings(max_tokens=32))
    report = update_index(corpus_folder, index_folder, other, LoadSettings(), ChunkSettings())
    assert len(other.embedded) == report.chunks
    corpus = Corpus.open(index_folder, other, ChunkSettings())
    assert corpus.search_text("floods", 5), "the text of a file that cannot be read now is kept"
    with pytest.raises(IndexMismatch):
        Corpus.open(index_folder, embedder, ChunkSettings())


def test_a_damaged_database_is_named_and_not_touched(index_folder: Path, update: Update) -> None:
    update()
    path = index_folder / DATABASE
    data = bytearray(path.read_bytes())
    data[:64] = b"\0" * 64
    path.write_bytes(data)
    with pytest.raises(IndexDamaged, match=f"{path}.*docqa index"):
        update()
    assert path.read_bytes() == bytes(data)


def test_a_database_of_another_program_is_refused(index_folder: Path, update: Update) -> None:
    index_folder.mkdir()
    with sqlite3.connect(index_folder / DATABASE) as other:
        other.execute("CREATE TABLE letters (text)")
    other.close()
    with pytest.raises(IndexDamaged, match="another program"):
        update()


def test_a_second_writer_is_told_who_holds_the_index(index_folder: Path, update: Update, corpus: Corpus) -> None:
    program = (
        "import sys, time; from pathlib import Path; from index.lock import writing\n"
        "with writing(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(index_folder)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(IndexLocked, match=f"process {holder.pid}"):
            update()
        assert len(corpus.documents()) == 3
    finally:
        holder.kill()
        holder.communicate()
    assert counts(update()) == (0, 0, 0, 0, 3)


def test_a_folder_that_cannot_be_written_is_named(corpus_folder: Path, embedder: LetterEmbedder) -> None:
    folder = Path("/proc/docqa")
    with pytest.raises(StorageError, match=str(folder)):
        update_index(corpus_folder, folder, embedder, LoadSettings(), ChunkSettings())


SLOW_UPDATE = """
import resource, signal, sys, time
from pathlib import Path
from index import passages
from index.settings import ChunkSettings, LoadSettings
from index.update import update_index
from tests.conftest import LetterEmbedder

class Slow(LetterEmbedder):
    def embed_passages(self, texts):
        print("embedding", len(texts), flush=True)
        time.sleep(float(sys.argv[3]))
        return super().embed_passages(texts)

passages.PASSAGES_AT_ONCE = 4
if int(sys.argv[4]):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), int(sys.argv[4])))
try:
    update_index(Path(sys.argv[1]), Path(sys.argv[2]), Slow(), LoadSettings(), ChunkSettings())
except Exception as error:
    print(type(error).__name__, error, flush=True)
"""


def slow_update(corpus_folder: Path, index_folder: Path, pause: float, limit: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SLOW_UPDATE, str(corpus_folder), str(index_folder), str(pause), str(limit)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def more_files(corpus_folder: Path, count: int) -> None:
    for number in range(count):
        (corpus_folder / f"n{number}.txt").write_text(f"Note {number} about the ferry. " * 20, "utf-8")


def test_a_kill_in_the_middle_leaves_the_old_state_and_what_was_computed(
    corpus_folder: Path, index_folder: Path, update: Update, corpus: Corpus, embedder: LetterEmbedder
) -> None:
    before = contents(index_folder, embedder)
    more_files(corpus_folder, 40)
    (corpus_folder / "river.md").unlink()
    process = slow_update(corpus_folder, index_folder, 0.05)
    assert process.stdout is not None
    for _ in range(4):
        assert process.stdout.readline().startswith("embedding")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert contents(index_folder, embedder) == before
    assert corpus.generation == 1
    assert Spool(index_folder).exists
    done = len(embedder.embedded)
    report = update()
    assert (report.added, report.deleted, report.generation) == (40, 1, 2)
    assert 0 < len(embedder.embedded) - done <= 40 - 3 * 4
    assert not Spool(index_folder).exists
    assert corpus.search_text("ferry", 100)


def test_readers_are_not_held_up_by_an_update_and_see_it_when_it_is_done(
    corpus_folder: Path, index_folder: Path, corpus: Corpus
) -> None:
    more_files(corpus_folder, 12)
    process = slow_update(corpus_folder, index_folder, 0.2)
    assert process.stdout is not None and process.stdout.readline().startswith("embedding")
    assert corpus.search_text("ferry", 5) == []
    assert corpus.search_text("floods", 5) != []
    process.communicate()
    assert corpus.generation == 2
    found = corpus.search_text("ferry", 50)
    assert found
    nearest = corpus.search_vectors(LetterEmbedder().embed_query("note about the ferry"), 50)
    assert {m.chunk_id for m in found} <= {m.chunk_id for m in nearest}


def test_a_full_disk_is_said_and_the_old_state_is_kept(
    corpus_folder: Path, index_folder: Path, corpus: Corpus, embedder: LetterEmbedder
) -> None:
    before = contents(index_folder, embedder)
    more_files(corpus_folder, 200)
    # A limit on the size of files stands for the disk: the write fails in the same way, in the middle.
    output, _ = slow_update(corpus_folder, index_folder, 0, limit=300_000).communicate()
    assert "StorageError" in output and str(index_folder) in output
    assert contents(index_folder, embedder) == before


def test_the_holder_leaves_no_lock_behind(index_folder: Path) -> None:
    with writing(index_folder):
        pass
    with writing(index_folder):
        pass


def test_ten_thousand_unchanged_files_are_not_opened(
    tmp_path: Path, index_folder: Path, embedder: LetterEmbedder
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number}.txt").write_text(f"File {number}.", "utf-8")
    age(folder)
    update_index(folder, index_folder, embedder, LoadSettings(), ChunkSettings())
    time.sleep(0.01)
    before = (folder / "17.txt").stat()
    os.utime(folder / "17.txt", ns=(1, LONG_AGO_NS))
    report = update_index(folder, index_folder, embedder, LoadSettings(), ChunkSettings())
    assert counts(report) == (0, 0, 0, 0, 10_000)
    assert before.st_size == (folder / "17.txt").stat().st_size


@pytest.mark.parametrize("damage", ["missing", "cut", "changed", "stale", "nonsense"])
def test_the_file_of_vectors_is_made_again_from_the_database(
    index_folder: Path, corpus_folder: Path, update: Update, embedder: LetterEmbedder, damage: str
) -> None:
    update()
    path = index_folder / FILE
    good = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(good[: len(good) // 2])
    elif damage == "changed":
        path.write_bytes(good[:-9] + bytes([good[-9] ^ 0xFF]) + good[-8:])
    elif damage == "stale":
        (corpus_folder / "new.txt").write_text("Zebras zigzag.", "utf-8")
        update()
        path.write_bytes(good)
    else:
        path.write_bytes(b"\x80\x04 not an index")
    corpus = Corpus.open(index_folder, embedder, ChunkSettings())
    matches = corpus.search_vectors(embedder.embed_query("river floods"), 100)
    assert len(matches) == corpus.status().chunks
    assert path.read_bytes() == good or damage == "stale"
