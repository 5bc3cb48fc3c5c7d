import pickle
import sys

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from hardneg.core.components import RANKERS, Context
from hardneg.core.errors import ConfigError, DataError, MissingExtra
from hardneg.engines.local import Local
from hardneg.rankers.sparse import Sparse
from hardneg.sources.builder import CollectionBuilder, LoadOptions

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cat", "dog", "bird", "fish"]


@pytest.fixture(scope="module")
def modules():
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    names = {f"{word[1:-1].lower()}_token": word for word in WORDS[:5]}
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=16, **names)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=16,
        initializer_range=1.0,
    )
    return BertForMaskedLM(config), BertModel(config), wrapped


@pytest.fixture(scope="module")
def splade(modules, tmp_path_factory):
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sparse_encoder.modules import SpladePooling

    folder = tmp_path_factory.mktemp("models")
    modules[0].save_pretrained(folder / "mlm")
    modules[2].save_pretrained(folder / "mlm")
    parts = [Transformer(str(folder / "mlm"), transformer_task="fill-mask"), SpladePooling()]
    SparseEncoder(modules=parts, device="cpu").save(str(folder / "splade"))
    return str(folder / "splade")


@pytest.fixture(scope="module")
def collection():
    builder = CollectionBuilder("tiny", LoadOptions())
    for number, text in enumerate(["cat dog", "bird", "fish cat", "dog dog bird"]):
        builder.add_document(f"d{number}", text, where="test")
    for number, text in enumerate(["cat", "bird fish"]):
        builder.add_query(f"q{number}", text, where="test")
        builder.add_judgment(f"q{number}", "d0", 1, where="test")
    return builder.build()


QUERIES = np.arange(2, dtype=np.int32)
EVERYTHING = np.tile(np.arange(4, dtype=np.int32), (2, 1))


def test_scores_are_the_models_dot_products(splade, collection, tmp_path):
    from sentence_transformers import SparseEncoder

    model = SparseEncoder(splade, device="cpu")
    documents = model.encode_document(collection.documents.texts(EVERYTHING[0])).to_dense().numpy()
    queries = model.encode_query(collection.queries.texts(QUERIES)).to_dense().numpy()
    ranker = Sparse(splade, device="cpu").open(collection, Context(tmp_path))
    given = ranker.score(QUERIES, EVERYTHING)
    np.testing.assert_allclose(given, queries @ documents.T, rtol=1e-5)
    assert (given > 0).any()
    docs, scores = ranker.search(QUERIES, 4)
    np.testing.assert_array_equal(ranker.score(QUERIES, docs), scores)
    np.testing.assert_array_equal(docs[0], np.argsort(-given[0], kind="stable"))
    assert len(ranker.facts["weights"]) == 64


def test_texts_are_encoded_once_and_damaged_blocks_again(splade, collection, tmp_path, monkeypatch):
    from sentence_transformers import SparseEncoder

    first = Sparse(splade, device="cpu").open(collection, Context(tmp_path)).score(QUERIES, EVERYTHING)
    with monkeypatch.context() as patched:
        patched.setattr(SparseEncoder, "encode_document", None)
        again = Sparse(splade, device="cpu").open(collection, Context(tmp_path)).score(QUERIES, EVERYTHING)
    np.testing.assert_array_equal(first, again)
    blocks = len(list((tmp_path / "sparse").rglob("*.npz")))
    monkeypatch.setattr("hardneg.rankers.sparse.code_digest", lambda *code: "changed code")
    Sparse(splade, device="cpu").open(collection, Context(tmp_path))
    assert len(list((tmp_path / "sparse").rglob("*.npz"))) == 2 * blocks
    for block in (tmp_path / "sparse").rglob("*.npz"):
        block.write_bytes(b"PK\x03\x04 half")
    mended = Sparse(splade, device="cpu").open(collection, Context(tmp_path)).score(QUERIES, EVERYTHING)
    np.testing.assert_array_equal(first, mended)


def test_of_a_collection_that_grew_only_the_new_texts_are_encoded(splade, collection, tmp_path, monkeypatch):
    from sentence_transformers import SparseEncoder

    Sparse(splade, device="cpu").open(collection, Context(tmp_path))
    grown = CollectionBuilder("grown", LoadOptions())
    for number, text in enumerate(["fish bird bird", "cat dog", "bird", "fish cat", "dog dog bird"]):
        grown.add_document(f"d{number}", text, where="test")
    grown.add_query("q0", "cat", where="test")
    grown.add_judgment("q0", "d0", 1, where="test")
    asked = []
    own = SparseEncoder.encode_document
    monkeypatch.setattr(
        SparseEncoder,
        "encode_document",
        lambda self, texts, **kw: asked.append(texts) or own(self, texts, **kw),
    )
    whole = grown.build()
    every = np.arange(5, dtype=np.int32)[None]
    scores = Sparse(splade, device="cpu").open(whole, Context(tmp_path)).score(QUERIES[:1], every)
    assert asked == [["fish bird bird"]]
    alone = Sparse(splade, device="cpu").open(whole, Context(tmp_path / "other")).score(QUERIES[:1], every)
    np.testing.assert_allclose(scores, alone, rtol=1e-5)


class Spreading(Local):
    spreads = True


def test_other_processes_map_the_index_from_a_file(splade, collection, tmp_path):
    expected = Sparse(splade).open(collection, Context(tmp_path)).search(QUERIES, 4)
    assert not (tmp_path / "given").exists()
    spread = Sparse(splade).open(collection, Context(tmp_path, engine=Spreading()))
    [index] = (tmp_path / "given").glob("*.arrow")
    sent = pickle.dumps(spread)
    for array, right in zip(pickle.loads(sent).search(QUERIES, 4), expected, strict=True):
        assert array.tobytes() == right.tobytes()
    index.unlink()
    with pytest.raises(DataError, match="cannot read the index .* nodes of the cluster must share its disk"):
        pickle.loads(sent).search(QUERIES, 4)


def test_max_active_dims(splade, collection, tmp_path):
    ranker = Sparse(splade, max_active_dims=1, max_length=4, device="cpu").open(collection, Context(tmp_path))
    assert (ranker.facts["max_active_dims"], ranker.facts["max_length"]) == (1, 4)
    assert len(ranker._queries.terms) <= 2


def test_nan_is_reported(splade, collection, tmp_path, monkeypatch):
    from sentence_transformers import SparseEncoder

    own = SparseEncoder.encode_document
    monkeypatch.setattr(SparseEncoder, "encode_document", lambda *args, **kw: own(*args, **kw) * float("nan"))
    with pytest.raises(DataError, match="NaN or infinity for the text 'cat dog'"):
        Sparse(splade, device="cpu").open(collection, Context(tmp_path))


def test_no_such_model(modules, collection, tmp_path):
    with pytest.raises(ConfigError) as caught:
        Sparse(str(tmp_path / "none")).open(collection, Context(tmp_path))
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="no default model"):
        Sparse("default").open(collection, Context(tmp_path))
    modules[1].save_pretrained(tmp_path / "dense")
    modules[2].save_pretrained(tmp_path / "dense")
    with pytest.raises(ConfigError, match="is no sparse encoder; use dense:"):
        Sparse(str(tmp_path / "dense"), device="cpu").open(collection, Context(tmp_path))


def test_missing_library(collection, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match=r"pip install 'hardneg\[dense\]'"):
        Sparse("any/model").open(collection, Context(tmp_path))


def test_notation():
    assert RANKERS.make("sparse:naver/some-model") == Sparse("naver/some-model")
    with pytest.raises(ConfigError, match='setting "model" is missing'):
        RANKERS.make("sparse")
