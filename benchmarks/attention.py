"""Encoding in bf16 with torch's fused attention, the model's eager one, and two products and a softmax.

python benchmarks/attention.py FOLDER [--documents 300] [--rounds 3], with one thread as timing.py says
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
import typer
from timing import compare, machine, table
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from hardneg.rankers.dense.encode import Encoder
from hardneg.rankers.dense.models import load_model
from hardneg.sources import LoadOptions, load


def main(folder: str, documents: int = 300, rounds: int = 3, split: str = "test") -> None:
    """Prints a table over a fixed sample of a collection's documents."""
    machine("sentence-transformers", "transformers")
    functions: Any = ALL_ATTENTION_FUNCTIONS
    masks: Any = ALL_MASK_ATTENTION_FUNCTIONS
    functions.register("products", products)
    masks.register("products", masks["sdpa"])
    whole = load(folder, LoadOptions(split=split)).documents
    texts = whole.texts(np.unique(np.linspace(0, len(whole) - 1, documents).astype(np.int32)))
    runs = {name: partial(encoder(name).documents, texts) for name in ("sdpa", "eager", "products")}
    seconds, given = compare(runs, rounds)
    exact = encoder("sdpa", "fp32").documents(texts)
    table(seconds, {name: f"cosine {(exact * found).sum(1).mean():.6f}" for name, found in given.items()})


def encoder(attention: str, precision: Any = "bf16") -> Encoder:
    """Returns the default model with a kind of attention."""
    model = load_model(
        "SentenceTransformer", "default", device="cpu", model_kwargs={"attn_implementation": attention}
    )
    return Encoder(model, attention, precision=precision)


def products(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, scaling: Any = None, **_: Any
) -> tuple[Any, None]:
    """Returns what attention returns, (batch, length, heads, width), by two products and a softmax."""
    batch, heads, length, width = query.shape
    scale = width**-0.5 if scaling is None else scaling
    flat = [part.reshape(batch * heads, length, width) for part in (query * scale, key, value)]
    scores = torch.bmm(flat[0], flat[1].transpose(1, 2)).view(batch, heads, length, length)
    if attention_mask is not None:
        scores = scores.masked_fill(~attention_mask, float("-inf"))
    shares = torch.softmax(scores, -1).view(batch * heads, length, length)
    return torch.bmm(shares, flat[2]).view(batch, heads, length, width).transpose(1, 2).contiguous(), None


if __name__ == "__main__":
    typer.run(main)
