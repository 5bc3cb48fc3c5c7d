"""Tiny models: random ones with distinct scores, and one whose scores a person can compute."""

import numpy as np
import pytest
from datasets import Dataset

from hardneg.compat.sentence_transformers import mine_hard_negatives
from tests import tiny

PROMPTS = {"query": "ask ", "document": "", "other": "one more "}
VOCABULARY = [*"abcdefghijklmnopqrstuvwxyz", "ask", "find", "read", "one", "more"]


@pytest.fixture(scope="package", autouse=True)
def one_thread():
    """Tiny models and tiny searches are quickest on one thread."""
    import numba
    import torch

    before = torch.get_num_threads(), numba.get_num_threads()
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    yield
    torch.set_num_threads(before[0])
    numba.set_num_threads(before[1])


@pytest.fixture(scope="session")
def model():
    """A quick random model: the mean of the words' vectors."""
    weights = np.random.default_rng(1).normal(size=(len(VOCABULARY), 16))
    return static(VOCABULARY, weights, prompts=PROMPTS)


@pytest.fixture(scope="session")
def bert(tmp_path_factory):
    """A random one-layer BERT with prompts."""
    from sentence_transformers import SentenceTransformer

    folder = tiny.bi_encoder(tmp_path_factory.mktemp("bi"), seed=1, prompts=PROMPTS)
    return SentenceTransformer(str(folder), device="cpu")


@pytest.fixture(scope="session")
def cross_encoder(tmp_path_factory):
    """A random one-layer BERT with one label."""
    from sentence_transformers import CrossEncoder

    return CrossEncoder(str(tiny.cross_encoder(tmp_path_factory.mktemp("cross"), seed=2)), device="cpu")


@pytest.fixture(scope="session")
def angles():
    """A model whose text `7` is a vector at 7 degrees: two texts score the cosine of their difference."""
    radians = np.radians(np.arange(180))
    return static([str(n) for n in range(180)], np.stack([np.cos(radians), np.sin(radians)], axis=1))


def static(words, weights, **options):
    """Returns a model with one vector a word; its texts are words with spaces between."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token=words[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    embedding = StaticEmbedding(tokenizer, weights.astype(np.float32))
    return SentenceTransformer(modules=[embedding], device="cpu", **options)


def mine(dataset, model, **given):
    """Mines with neither bars nor log."""
    return mine_hard_negatives(dataset, model, **{"verbose": False, **given})


def pairs(*rows):
    """Returns a dataset of (anchor, positive) rows."""
    return Dataset.from_dict({"a": [a for a, _ in rows], "b": [b for _, b in rows]})


def degrees(*numbers):
    """Returns texts of `angles`."""
    return [str(number) for number in numbers]
