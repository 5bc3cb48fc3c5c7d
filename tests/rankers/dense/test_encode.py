"""Batches: no needless padding, each text once, the same vectors as sentence-transformers makes."""

import numpy as np
import pytest
import torch

from hardneg.core.errors import ConfigError, DataError
from hardneg.rankers.dense import forward
from hardneg.rankers.dense.encode import Encoder
from hardneg.rankers.dense.models import load_model
from tests import tiny

TEXTS = ["b", "one two three four", "a", "one", "b", "", "a very long text " * 9, "two words"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny.bi_encoder(tmp_path_factory.mktemp("bi"), prompts={"query": "ask ", "document": "say "}))


@pytest.fixture
def model(folder):
    return load_model("SentenceTransformer", folder, device="cpu")


def shapes_of(model):
    shapes = []
    model.register_forward_pre_hook(lambda _, given: shapes.append(tuple(given[0]["input_ids"].shape)))
    return shapes


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("window", [2, 1_024])
def test_vectors_are_those_of_sentence_transformers(model, monkeypatch, normalize, window):
    monkeypatch.setattr(forward, "WINDOW", window)
    encoder = Encoder(model, "tiny", normalize=normalize)
    for ours, theirs in ((encoder.queries, model.encode_query), (encoder.documents, model.encode_document)):
        expected = theirs(TEXTS, normalize_embeddings=normalize)
        np.testing.assert_allclose(ours(TEXTS), expected, atol=2e-6)


def test_left_padding_and_prompts_left_out_of_the_mean(model):
    model.tokenizer.padding_side = "left"
    model.set_pooling_include_prompt(False)
    expected = model.encode_query(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(Encoder(model, "tiny").queries(TEXTS), expected, atol=2e-6)


def test_each_text_is_read_once_and_batches_keep_to_their_tokens(model):
    shapes = shapes_of(model)
    Encoder(model, "tiny", max_tokens=40).documents(TEXTS * 3)
    assert sum(rows for rows, _ in shapes) == len(set(TEXTS))
    assert shapes[0] == (1, 32)
    assert all(rows * width <= 40 for rows, width in shapes)
    assert len(shapes) < len(set(TEXTS))


def test_what_is_done_is_told_text_by_text(model):
    advanced = []
    Encoder(model, "tiny", max_tokens=40).documents(TEXTS, advanced.append)
    assert sum(advanced) == len(TEXTS) and len(advanced) > 2


def test_truncated_dimensions(folder):
    model = load_model("SentenceTransformer", folder, device="cpu", truncate_dim=5)
    expected = model.encode_document(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(Encoder(model, "tiny").documents(TEXTS), expected, atol=2e-6)


def test_batches_are_halved_where_memory_runs_out(model):
    expected = Encoder(model, "tiny").documents(TEXTS)
    shapes = shapes_of(model)

    def refuse(_, given):
        if len(given[0]["input_ids"]) > 2:
            raise torch.cuda.OutOfMemoryError("no memory")

    model.register_forward_pre_hook(refuse)
    np.testing.assert_allclose(Encoder(model, "tiny").documents(TEXTS), expected, atol=2e-6)
    assert shapes[0][0] == len(set(TEXTS)) and {1, 2} >= {rows for rows, _ in shapes[-2:]}


def test_a_text_for_which_there_is_no_memory_is_an_error_of_one_line(model):
    def refuse(_, given):
        raise torch.cuda.OutOfMemoryError("no memory for 2 GiB")

    model.register_forward_pre_hook(refuse)
    with pytest.raises(ConfigError, match='cannot encode with model "tiny": no memory for 2 GiB'):
        Encoder(model, "tiny").documents(TEXTS)


def test_outputs_of_several_batches_are_copied_at_once():
    batches = [(np.array([number]), torch.full((1, 2), float(number))) for number in range(5)]
    copied = list(forward._copied(batches, 2))
    assert [positions.tolist() for positions, _ in copied] == [[0, 1], [2, 3], [4]]
    assert [rows[:, 0].tolist() for _, rows in copied] == [[0.0, 1.0], [2.0, 3.0], [4.0]]


@pytest.mark.parametrize(("precision", "close"), [("bf16", 0.02), ("fp16", 0.003)])
def test_lower_precision_pools_and_normalises_in_fp32(folder, model, precision, close):
    reference = Encoder(model, "tiny").documents(TEXTS)
    encoder = Encoder(load_model("SentenceTransformer", folder, device="cpu"), "tiny", precision=precision)
    vectors = encoder.documents(TEXTS)
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-6
    assert 0 < np.abs(vectors - reference).max() < close
    assert encoder.facts["pooled_in"] == "float32"
    assert encoder.fingerprint("query") != Encoder(model, "tiny").fingerprint("query")


def test_vectors_with_nan_are_an_error_that_shows_the_text(model):
    import torch

    with torch.no_grad():
        next(model.parameters())[model.tokenizer.convert_tokens_to_ids("z")] = float("nan")
    with pytest.raises(DataError, match="NaN or infinity, .* for the text 'quiz z'"):
        Encoder(model, "tiny").documents(["a", "quiz z", "b"])


def test_documents_stored_in_half_precision_are_rounded_and_queries_are_not(folder, model):
    whole = Encoder(model, "tiny")
    half = Encoder(load_model("SentenceTransformer", folder, device="cpu"), "tiny", storage="fp16")
    vectors = half.documents(TEXTS)
    assert vectors.dtype == np.float16
    np.testing.assert_array_equal(vectors, whole.documents(TEXTS).astype(np.float16))
    np.testing.assert_array_equal(half.queries(TEXTS), whole.queries(TEXTS))
    assert half.facts == {**whole.facts, "storage": "fp16"}
    assert half.fingerprint("document") != whole.fingerprint("document")
    assert half.fingerprint("query") == whole.fingerprint("query")


def test_numbers_too_great_for_half_precision_are_an_error_that_shows_the_text(model):
    encoder = Encoder(model, "tiny", normalize=False, storage="fp16")
    model.register_forward_hook(
        lambda _, given, found: {"sentence_embedding": found["sentence_embedding"] * 1e7}
    )
    with pytest.raises(DataError, match=r"up to 65,504, found [\d,]+ in the vector of the text 'two'"):
        encoder.documents(["two"])


def scaled(model, factor):
    """Makes the vectors of a model longer."""
    import torch

    class Scaled(torch.nn.Module):
        def forward(self, features, **_):
            return {**features, "sentence_embedding": factor * features["sentence_embedding"]}

    model.append(Scaled())
    return model


@pytest.mark.parametrize("own", [False, True], ids=["ours", "own-module"])
@pytest.mark.parametrize("factor", [1e25, 1e-25])
def test_vectors_that_cannot_be_brought_to_length_1_are_an_error(factor, own, model, monkeypatch):
    """Torch would make a vector of the length 1e25 zero, and leave one of 1e-25 as it is."""
    from sentence_transformers.sentence_transformer.modules import Normalize

    scaled(model, factor)
    if own:
        model.append(Normalize())
    assert abs(np.linalg.norm(model.encode("a", normalize_embeddings=True)) - 1) > 0.1
    for attempt in range(2):
        if attempt:
            monkeypatch.setattr(forward, "run", lambda *_: None)  # by the library's own batches
        with pytest.raises(DataError, match="too long or short to normalize, for the text 'a'"):
            Encoder(model, "tiny", normalize=not own).documents(["a"])
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_zero_vectors_stay_zero(model):
    assert not Encoder(scaled(model, 0.0), "tiny").documents(["a"]).any()
