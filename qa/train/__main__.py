"""`python -m qa.train`: train the reader, or go on where a killed run stopped."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from qa.train.loop import TrainSettings, train
from qa.train.memory import keep_memory


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m qa.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the SQuAD JSON files (.json.gz)")
    parser.add_argument("--written", type=Path, help="folder of written documents, else those in qa/train/written")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of the encoder to start from")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, log and final weights")
    parser.add_argument("--init", type=Path, help="weights to start from: reader.pt, checkpoint.pt or reader.onnx")
    parser.add_argument("--wordnet", type=Path, help="folder of a WordNet 3.0 database, to ask in other words too")
    parser.add_argument("--tokens", type=int, help="token budget, padding included")
    parser.add_argument("--batch-tokens", type=int, help="padded tokens a step")
    parser.add_argument("--learning-rate", type=float, help="the highest rate of the schedule")
    parser.add_argument("--dropout", type=float, help="share of hidden values dropped while training")
    parser.add_argument("--evaluate-every", type=int, help="steps between held-out figures and checkpoints")
    parser.add_argument("--seed", type=int)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    keep_memory()
    train(TrainSettings(**given))


if __name__ == "__main__":
    main()
