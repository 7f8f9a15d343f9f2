"""What tests share: an embedder whose vectors can be computed by hand, a small corpus and an index over it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from index.settings import ChunkSettings, LoadSettings
from index.store import Corpus
from index.types import UpdateReport
from index.update import update_index

DOCUMENTS = {
    "council/minutes.txt": "The council met in April. It voted to repair the old bridge.",
    "council/budget.txt": "The budget of the town is four million. The bridge takes one million of it.",
    "river.md": "# The river\n\nThe river floods in spring. Boats pass under the bridge.",
}


class LetterEmbedder:
    """Counts words by their first letter: entries 0 to 25 for a to z, 26 for all others, then length one.

    "Apple banana avocado" is (2, 1, 0, ...) / sqrt(5). A token is a word or a sign.
    """

    name = "first-letters"
    digest = "0" * 64
    dimension = 27

    def __init__(self, max_tokens: int = 256, digest: str = "0" * 64) -> None:
        self.max_tokens = max_tokens
        self.digest = digest
        self.embedded: list[str] = []

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += texts
        return np.array([self.embed_query(text) for text in texts], dtype=np.float32).reshape(-1, self.dimension)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(self.dimension, dtype=np.float32)
        for word in re.findall(r"\w+", text.lower()) or [""]:
            place = ord(word[0]) - ord("a") if word else 26
            vector[place if 0 <= place < 26 else 26] += 1
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


@pytest.fixture
def embedder() -> LetterEmbedder:
    return LetterEmbedder()


@pytest.fixture
def corpus_folder(tmp_path: Path) -> Path:
    """Three small documents, two of them in the folder `council`."""
    folder = tmp_path / "corpus"
    for name, text in DOCUMENTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.fixture
def index_folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def update(corpus_folder: Path, index_folder: Path, embedder: LetterEmbedder) -> Callable[[], UpdateReport]:
    """Brings the index up to date with the corpus folder."""
    return lambda: update_index(corpus_folder, index_folder, embedder, LoadSettings(), ChunkSettings())


@pytest.fixture
def corpus(update: Callable[[], UpdateReport], index_folder: Path, embedder: LetterEmbedder) -> Corpus:
    """An open index over the three documents."""
    update()
    return Corpus.open(index_folder, embedder, ChunkSettings())
