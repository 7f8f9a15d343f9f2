"""`python -m qa.train.given --set DIR`: the reader alone, each question read with the paragraph it was written for.

These are the figures to lay beside published readers of SQuAD. A set is a folder with `docs/` and `questions.jsonl`
whose questions name their paragraph: `meta.passage_id` is "document::number", paragraphs parted by blank lines.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from qa.spans import SpanNetwork, model_folder
from qa.train.export import given_paragraph
from qa.train.questions import Question


def load_set(folder: Path) -> list[Question]:
    """The questions of a data set with their paragraphs; every accepted answer that stands in it is a span.

    Raises:
        ValueError: when a question names no paragraph.
    """
    questions = []
    with (folder / "questions.jsonl").open(encoding="utf-8") as handle:
        for number, line in enumerate(handle, start=1):
            row = json.loads(line)
            document, _, place = row["meta"].get("passage_id", "").rpartition("::")
            if not document:
                raise ValueError(f"{handle.name}, line {number}: meta.passage_id names no paragraph")
            paragraphs = (folder / "docs" / f"{document}.txt").read_text(encoding="utf-8").split("\n\n")
            title = document.replace("_", " ")
            # A document may begin with its title, which is not one of the numbered paragraphs.
            context = paragraphs[int(place) + (paragraphs[0] == title)]
            spans = tuple((context.index(a), context.index(a) + len(a)) for a in row["answers"] if a in context)
            # The held-out SQuAD source is one whose titles name the subject.
            questions.append(Question("squad_dev-v1.1.half_A.train_articles", title, context, row["question"], spans))
    return questions


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m qa.train.given", description=__doc__)
    parser.add_argument("--set", type=Path, required=True, dest="folder", help="folder with docs/ and questions.jsonl")
    parser.add_argument("--model", type=Path, default=model_folder(), help="folder with reader.onnx")
    arguments = parser.parse_args()
    figures = given_paragraph(SpanNetwork(arguments.model), load_set(arguments.folder))
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
