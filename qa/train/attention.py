"""Attention in plain matrix products, for training on a processor."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

CPU_ATTENTION = "docqa_plain"


def plain_attention(
    _module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **_: object,
) -> tuple[Tensor, None]:
    """Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1) in the type of its inputs, without dropout.

    Query, key and value have the shape (batch, heads, length, width), the added mask (batch, 1, length, length); the
    result (batch, length, heads, width). In bfloat16 on a processor PyTorch's fused kernel spends most of its time in
    the backward pass at a head width of 32, and autocast turns the scores into 32-bit floats: this does neither.
    """
    with torch.autocast(query.device.type, enabled=False):
        batch, heads, length, width = query.shape
        rows = (batch * heads, length, width)
        scores = torch.bmm((query * width**-0.5).reshape(rows), key.reshape(rows).transpose(1, 2))
        scores = scores.view(batch, heads, length, length)
        if attention_mask is not None:
            scores = scores + attention_mask.to(scores.dtype)
        weights = torch.softmax(scores, -1).view(batch * heads, length, length)
        out = torch.bmm(weights, value.reshape(rows)).view(batch, heads, length, width)
    return out.transpose(1, 2).contiguous(), None


AttentionInterface.register(CPU_ATTENTION, plain_attention)
AttentionMaskInterface.register(CPU_ATTENTION, eager_mask)
