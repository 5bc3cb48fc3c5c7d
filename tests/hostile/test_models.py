"""Models that cannot be loaded or used, in any way: one line, and no ledger."""

import json
import random
import shutil

import numpy as np
import pytest

import hardneg
from hardneg.core.errors import ConfigError, DataError, HardnegError
from hardneg.mining.recipe import Recipe
from hardneg.rankers.dense import Dense
from hardneg.rankers.dense.models import load_model
from tests import tiny
from tests.hostile.mutations import COUNT, damaged, encoded, forged, outcome


def spoil(name, content):
    """Returns what writes a file of a model's folder anew; None removes it."""

    def change(folder):
        path = folder / name
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)

    return change


def cut(name, size):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def head(content):
    def change(folder):
        module = {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}
        modules = json.loads((folder / "modules.json").read_text())
        (folder / "modules.json").write_text(json.dumps([*modules, module]))
        (folder / "2_Dense").mkdir()
        config = {"in_features": 16, "out_features": 4, "activation_function": "torch.nn.Tanh"}
        (folder / "2_Dense" / "config.json").write_text(json.dumps(config))
        if content is not None:
            (folder / "2_Dense" / "pytorch_model.bin").write_bytes(content)

    return change


SPOILT = {
    "cut-off": cut("model.safetensors", 300),
    "cut-off-head": cut("model.safetensors", 5),
    "empty-weights": spoil("model.safetensors", b""),
    "no-weights": spoil("model.safetensors", None),
    "text-weights": spoil("model.safetensors", b"version https://git-lfs.github.com/spec/v1\n"),
    "no-tokenizer": lambda f: [spoil(n, None)(f) for n in ("tokenizer.json", "tokenizer_config.json")],
    "empty-tokenizer": spoil("tokenizer.json", b""),
    "odd-tokenizer": spoil("tokenizer.json", b'{"model": 1}'),
    "no-config": spoil("config.json", None),
    "empty-config": spoil("config.json", b""),
    "odd-config": spoil("config.json", b"[1]"),
    "unknown-type": spoil("config.json", b'{"model_type": "no-such"}'),
    "wrong-size": spoil("config.json", b'{"model_type": "bert", "hidden_size": "x"}'),
    "no-layers": spoil("config.json", b'{"model_type": "bert", "hidden_size": -1}'),
    "empty-modules": spoil("modules.json", b"[]"),
    "odd-modules": spoil("modules.json", b'{"0": 1}'),
    "modules-of-texts": spoil("modules.json", b'["x"]'),
    "unknown-module": spoil("modules.json", b'[{"idx": 0, "name": "0", "path": "", "type": "no.Such"}]'),
    "nested-modules": spoil("modules.json", b"[" * 100_000),
    "half-json": cut("modules.json", 40),
    "adapter": spoil("adapter_config.json", b'{"peft_type": "LORA", "base_model_name_or_path": "/no/such"}'),
    "odd-adapter": spoil("adapter_config.json", b"[]"),
    "no-head": head(None),
    "empty-head": head(b""),
    "odd-head": head(b"\x80\x04}\x94."),
    "odd-kwargs": spoil("sentence_bert_config.json", b'{"model_args": 3}'),
    "odd-length": spoil("sentence_bert_config.json", b'{"max_seq_length": "x"}'),
    "not-utf-8": spoil("config.json", "é".encode("latin-1")),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return tiny.bi_encoder(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def model(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "model")


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_model_is_refused_in_one_line(name, model, beir, tmp_path, capsys):
    SPOILT[name](model)
    command = ["mine", beir, "--recipe", "naive", "--ranker", f"dense:{model}", "--no-report"]
    code, said = outcome([*command, "--out", tmp_path / "run"], capsys)
    if name not in ("odd-adapter",):
        assert code == 2 and len(said.splitlines()[-1]) < 500
        assert not (tmp_path / "run" / "ledger").exists()


@pytest.mark.parametrize("kind", ["SparseEncoder", "CrossEncoder"])
@pytest.mark.parametrize("name", ["cut-off", "odd-modules", "empty-config", "unknown-type", "odd-kwargs"])
def test_models_of_every_kind(name, kind, model):
    SPOILT[name](model)
    try:
        load_model(kind, str(model), device="cpu")
    except ConfigError as error:
        assert "\n" not in str(error)
    else:  # a cross-encoder is made of the body alone
        assert kind == "CrossEncoder" and name in ("odd-modules", "odd-kwargs")


def test_mutations_of_a_models_files(model):
    names = [
        "config.json",
        "modules.json",
        "sentence_bert_config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    names += ["config_sentence_transformers.json", "tokenizer_config.json", "1_Pooling/config.json"]
    for seed in range(COUNT):
        rng = random.Random(seed)
        path = model / rng.choice(names)
        content = path.read_bytes()
        if rng.random() < 0.5 and path.suffix == ".json" and path.name != "tokenizer.json":
            path.write_bytes(encoded(forged(json.loads(content), rng)))
        else:
            path.write_bytes(damaged(content, rng))
        try:
            Dense(str(model), device="cpu", precision="fp32").encoder().queries(["a b"])
        except HardnegError as error:
            assert "\n" not in str(error)
        path.write_bytes(content)


# Numbers whose products are too large


def vectors(folder, scale):
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, count in (("documents", 30), ("queries", 7)):
        np.save(folder / f"{name}.npy", (scale * rng.normal(size=(count, 8))).astype(np.float32))
    return folder


@pytest.mark.parametrize("scale", [1e19, 1e25, 1e30, 1e37])
def test_given_vectors_whose_products_overflow_are_refused(scale, beir, tmp_path, capsys):
    folder = vectors(tmp_path / "vectors", scale)
    command = ["mine", beir, "--recipe", "naive", "--ranker", f"vectors:{folder}", "--no-report"]
    command += ["--set", "rank.rankers.vectors.similarity=dot"]
    code, said = outcome([*command, "--out", tmp_path / "run"], capsys)
    assert code == 2 and "may be no finite 32-bit number" in said.splitlines()[-1]
    assert not (tmp_path / "run" / "ledger").exists()


def test_large_vectors_are_searched(beir, tmp_path, capsys):
    folder = vectors(tmp_path / "vectors", 1e17)
    command = ["mine", beir, "--recipe", "naive", "--ranker", f"vectors:{folder}", "--no-report"]
    assert outcome([*command, "--out", tmp_path / "run"], capsys)[0] == 0


def infinite(query: str, documents: list[str]):
    return np.full(len(documents), 1e300)


def test_infinite_scores_are_refused(collection, beir, tmp_path, write, capsys):
    with pytest.raises(DataError, match="infinity"):
        hardneg.mine(collection, Recipe.named("naive", rankers=["bm25", infinite]))
    for score in ("inf", "-inf", "nan", "1e39"):
        run = write("a.run", f"q0 Q0 d1 1 {score} x\nq0 Q0 d2 2 1 x\n")
        command = ["mine", beir, "--recipe", "naive", "--ranker", f"run:{run}", "--no-report"]
        code, said = outcome([*command, "--out", tmp_path / "run"], capsys)
        assert code == 2 and "finite" in said


def test_a_custom_rankers_infinite_scores_are_refused(collection, monkeypatch):
    from hardneg.rankers.inverted.index import InvertedRanker

    score = InvertedRanker.score
    monkeypatch.setattr(
        InvertedRanker, "score", lambda self, q, d: np.where(d == 3, np.float32("inf"), score(self, q, d))
    )
    with pytest.raises(DataError, match="bm25 gives an infinite score"):
        hardneg.mine(collection, Recipe.named("naive", rankers=["bm25"]))
