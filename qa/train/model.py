"""The reader's network: the embedded MiniLM encoder with span, evidence and answerability heads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel

from qa.train.data import Example, padded

MASKED = -1e4


class ReaderModel(nn.Module):
    """Question and passage in, four results out: start, end and evidence logits per token and one score per pair.

    The null span is position 0, the [CLS] token (Devlin et al. 2019, section 4.3). Word and position embeddings stay
    frozen: with this little data, training them only overfits the names of the training set.
    """

    def __init__(self, folder: Path, attention: str = "sdpa", dropout: float = 0.0) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(folder, attn_implementation=attention, add_pooling_layer=False)
        self.encoder.embeddings.requires_grad_(False)
        for module in self.encoder.modules():
            if isinstance(module, nn.Dropout):
                module.p = dropout
        for layer in self.encoder.encoder.layer:
            # Dropout of attention weights halves the speed on a processor and does not pay for that.
            layer.attention.self.dropout.p = 0.0
        width = self.encoder.config.hidden_size
        self.tokens = nn.Linear(width, 3)
        self.pooler = nn.Linear(width, width)
        self.score = nn.Linear(width, 1)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """Shapes: three int64 (batch, length) in; start, end, evidence (batch, length) and score (batch,) out."""
        hidden = self.encoder(
            input_ids=input_ids, token_type_ids=token_type_ids, attention_mask=attention_mask
        ).last_hidden_state
        logits = self.tokens(hidden)
        score = self.score(torch.tanh(self.pooler(hidden[:, 0]))).squeeze(-1)
        return logits[..., 0], logits[..., 1], logits[..., 2], score


def collate(batch: Sequence[Sequence[Example]]) -> dict[str, Tensor]:
    """Pad a batch of units to its longest pair; `group` numbers the unit each row came from."""
    examples = [example for unit in batch for example in unit]
    size = (len(examples), padded(example.pair for example in examples))
    ids, types, mask = (torch.zeros(size, dtype=torch.long) for _ in range(3))
    passage = torch.zeros(size, dtype=torch.bool)
    evidence = torch.zeros(size)
    for row, example in enumerate(examples):
        pair = example.pair
        n = len(pair.ids)
        ids[row, :n] = torch.tensor(pair.ids)
        types[row, :n] = torch.tensor(pair.types)
        mask[row, :n] = 1
        passage[row, pair.passage[0] : pair.passage[1]] = True
        if example.evidence != (0, 0):
            evidence[row, example.evidence[0] : example.evidence[1] + 1] = 1
    span = torch.tensor([example.span for example in examples])
    group = torch.tensor([g for g, unit in enumerate(batch) for _ in unit])
    return {
        "input_ids": ids,
        "token_type_ids": types,
        "attention_mask": mask,
        "passage": passage,
        "evidence": evidence,
        "span": span,
        "group": group,
    }


def loss(outputs: tuple[Tensor, ...], batch: dict[str, Tensor]) -> Tensor:
    """Span loss with the null span, plus answerability, evidence and shared normalisation over a unit."""
    start, end, evidence, score = (o.float() for o in outputs)
    passage, span, group = batch["passage"], batch["span"], batch["group"]
    answerable = (span[:, 0] > 0).float()
    allowed = passage.clone()
    allowed[:, 0] = True
    start_null = start.masked_fill(~allowed, MASKED)
    end_null = end.masked_fill(~allowed, MASKED)
    total = (functional.cross_entropy(start_null, span[:, 0]) + functional.cross_entropy(end_null, span[:, 1])) / 2
    total = total + 0.5 * functional.binary_cross_entropy_with_logits(score, answerable)
    per_token = functional.binary_cross_entropy_with_logits(evidence, batch["evidence"], reduction="none")
    total = total + 0.5 * (per_token * passage).sum() / passage.sum()
    return total + 0.3 * (
        _shared(start.masked_fill(~passage, MASKED), span[:, 0], group)
        + _shared(end.masked_fill(~passage, MASKED), span[:, 1], group)
    )


def _shared(logits: Tensor, gold: Tensor, group: Tensor) -> Tensor:
    """Cross-entropy of the gold token against every passage token of its unit (Clark and Gardner 2018, section 3.2)."""
    rows = torch.logsumexp(logits, dim=1)
    units = int(group.max()) + 1
    top = torch.full((units,), MASKED).scatter_reduce(0, group, rows.detach(), "amax")
    summed = torch.zeros(units).index_add(0, group, torch.exp(rows - top[group]))
    normaliser = (torch.log(summed) + top)[group]
    picked = logits.gather(1, gold.unsqueeze(1)).squeeze(1)
    sized = torch.bincount(group, minlength=units)[group] > 1
    use = (gold > 0) & sized
    return (normaliser - picked)[use].sum() / max(1, int(use.sum()))
