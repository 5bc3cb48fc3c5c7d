"""Tiny models: random ones with distinct scores, and one whose scores a person can compute."""

import math

import numpy as np
import pytest

from tests import tiny


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A random one-layer BERT with prompts."""
    from sentence_transformers import SentenceTransformer

    prompts = {"query": "ask ", "document": "", "other": "x y z "}
    folder = tiny.bi_encoder(tmp_path_factory.mktemp("bi"), seed=1, prompts=prompts)
    return SentenceTransformer(str(folder), device="cpu")


@pytest.fixture(scope="session")
def cross_encoder(tmp_path_factory):
    """A random one-layer BERT with one label."""
    from sentence_transformers import CrossEncoder

    return CrossEncoder(str(tiny.cross_encoder(tmp_path_factory.mktemp("cross"), seed=2)), device="cpu")


@pytest.fixture(scope="session")
def angles():
    """A model whose text `7` is a vector at 7 degrees: two texts score the cosine of their difference."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({str(n): n for n in range(180)}, unk_token="0"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    weights = [(math.cos(math.radians(n)), math.sin(math.radians(n))) for n in range(180)]
    return SentenceTransformer(
        modules=[StaticEmbedding(tokenizer, np.array(weights, np.float32))], device="cpu"
    )
