"""The training loop: seeded, resumable, with held-out figures on the way."""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer

from index.embed import load_embedder
from index.settings import EmbedSettings
from qa.pairs import PairEncoder
from qa.train.attention import CPU_ATTENTION
from qa.train.data import Example, ExampleEncoder, Reword, batches, epoch_units
from qa.train.evaluate import held_out_figures
from qa.train.harder import HardNegatives
from qa.train.model import ReaderModel, collate, loss
from qa.train.questions import Question
from qa.train.split import load_all, sample_by_source
from qa.train.synonyms import Rewording, Synonyms
from qa.train.weights import set_weights
from qa.train.written import WRITTEN_FOLDER

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class TrainSettings:
    """`tokens` is the whole budget, padding included; the learning rate warms up over 4 % of it and falls to zero.

    `init` is a file of weights to start from (see `qa.train.weights`); without it the heads start at random and the
    layers as those of the encoder. `written` is the folder of the documents of `qa.train.written`. `wordnet` is the
    folder of a WordNet database; without it no question is reworded.
    """

    data: Path
    encoder: Path
    out: Path
    written: Path = WRITTEN_FOLDER
    init: Path | None = None
    wordnet: Path | None = None
    tokens: int = 24_000_000
    batch_tokens: int = 6_144
    learning_rate: float = 2e-4
    dropout: float = 0.0
    seed: int = 13
    evaluate_every: int = 400
    device: str = "cuda" if torch.cuda.is_available() else "cpu"


def train(settings: TrainSettings) -> Path:
    """Train, or go on from `out/checkpoint.pt`; returns the path of the final weights."""
    settings.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    tokenizer = Tokenizer.from_file(str(settings.encoder / "tokenizer.json"))
    encoder = ExampleEncoder(PairEncoder(tokenizer))
    training, held_out = load_all(settings.data, settings.written)
    log.info("%d questions to train on, %d held out", len(training), len(held_out))
    negatives = HardNegatives([q.context for q in training]).find(training)
    reword = _rewording(settings, tokenizer)
    samples = sample_by_source(held_out, 600, settings.seed)

    attention = CPU_ATTENTION if settings.device == "cpu" else "sdpa"
    model = ReaderModel(settings.encoder, attention, settings.dropout).to(settings.device)
    if settings.init is not None:
        set_weights(model, [settings.init])
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=0.01, fused=True)
    checkpoint = settings.out / "checkpoint.pt"
    seen, step, epoch, position = _resume(checkpoint, model, optimizer)

    started, seen_at_start, running = time.monotonic(), seen, 0.0
    while seen < settings.tokens:
        stream = _epoch(training, negatives, encoder, reword, epoch, settings)
        for batch in itertools.islice(stream, position, None):
            position += 1
            tensors = {k: v.to(settings.device) for k, v in collate(batch).items()}
            fraction = seen / settings.tokens
            rate = settings.learning_rate * min(fraction / 0.04 + 0.01, (1 - fraction) / 0.96, 1.0)
            for parameters in optimizer.param_groups:
                parameters["lr"] = rate
            model.train()
            with torch.autocast(settings.device, torch.bfloat16):
                outputs = model(tensors["input_ids"], tensors["token_type_ids"], tensors["attention_mask"])
            value = loss(outputs, tensors)
            value.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            seen += tensors["input_ids"].numel()
            step += 1
            running += value.item()
            if step % 50 == 0:
                speed = (seen - seen_at_start) / (time.monotonic() - started)
                _progress(step, seen, settings.tokens, running / 50, rate, speed)
                running = 0.0
            if step % settings.evaluate_every == 0 or seen >= settings.tokens:
                for source, sample in samples.items():
                    figures = held_out_figures(model, encoder, sample, settings.device)
                    _record(settings.out / "log.jsonl", {"step": step, "tokens": seen, "source": source, **figures})
                _save(
                    checkpoint,
                    {
                        "model": model.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "seen": seen,
                        "step": step,
                        "epoch": epoch,
                        "position": position,
                    },
                )
            if seen >= settings.tokens:
                break
        else:
            epoch, position = epoch + 1, 0
    final = settings.out / "reader.pt"
    _save(final, model.state_dict())
    return final


def _epoch(
    training: Sequence[Question],
    negatives: Sequence[Sequence[str]],
    encoder: ExampleEncoder,
    reword: Reword | None,
    epoch: int,
    settings: TrainSettings,
) -> Iterator[list[list[Example]]]:
    units = epoch_units(training, negatives, encoder, epoch, settings.seed, reword)
    return batches(units, settings.batch_tokens, random.Random(f"{settings.seed}-{epoch}-batches"))


def _rewording(settings: TrainSettings, tokenizer: Tokenizer) -> Rewording | None:
    if settings.wordnet is None:
        return None
    embedder = load_embedder(EmbedSettings(), settings.out)
    return Rewording(Synonyms(settings.wordnet, tokenizer.get_vocab()), embedder)


def _resume(checkpoint: Path, model: ReaderModel, optimizer: torch.optim.Optimizer) -> tuple[int, int, int, int]:
    """Load the checkpoint if there is one; returns tokens seen, step, epoch and the position in the epoch."""
    if not checkpoint.exists():
        return 0, 0, 0, 0
    state = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    log.info("resumed at step %d, %.1f M tokens", state["step"], state["seen"] / 1e6)
    return state["seen"], state["step"], state["epoch"], state["position"]


def _progress(step: int, seen: int, budget: int, loss_value: float, rate: float, speed: float) -> None:
    message = "step %d  %.2f of %.1f M tokens  loss %.3f  rate %.2e  %.0f tokens/s"
    log.info(message, step, seen / 1e6, budget / 1e6, loss_value, rate, speed)


def _record(path: Path, row: dict[str, object]) -> None:
    log.info("held out: %s", row)
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(row) + "\n")


def _save(path: Path, state: object) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)
