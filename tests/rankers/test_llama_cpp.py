"""A run with the vectors of a real server: llama.cpp, which serves a tiny random model."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from tests.cli.test_cli import run

if importlib.util.find_spec("xllamacpp") is None:  # which serves models of GGUF files
    pytest.skip("xllamacpp is not installed", allow_module_level=True)
gguf = pytest.importorskip("gguf", reason="gguf, which writes models for llama.cpp, is not installed")

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"\u2581{one}" for one in LETTERS), *LETTERS]
WIDTH, INNER, CONTEXT = 16, 32, 64


def write_model(path):
    """Writes a random BERT of one layer with mean pooling."""
    writer = gguf.GGUFWriter(str(path), "bert")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(1)
    writer.add_head_count(2)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("bert")
    writer.add_token_list(VOCABULARY)
    writer.add_token_types([3] * 5 + [1] * (len(VOCABULARY) - 5))
    writer.add_token_type_count(2)
    for name, number in {"pad": 0, "unk": 1, "bos": 2, "eos": 3, "sep": 3, "mask": 4}.items():
        getattr(writer, f"add_{name}_token_id")(number)
    random = np.random.default_rng(0)
    shapes = {
        "token_embd": (len(VOCABULARY), WIDTH),
        "position_embd": (CONTEXT, WIDTH),
        "token_types": (2, WIDTH),
    }
    shapes |= {f"blk.0.attn_{name}": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")}
    shapes |= {"blk.0.ffn_up": (INNER, WIDTH), "blk.0.ffn_down": (WIDTH, INNER)}
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", random.standard_normal(shape).astype(np.float32) / 2)
        if name.startswith("blk"):
            writer.add_tensor(f"{name}.bias", np.zeros(shape[0], np.float32))
    for name in ("token_embd_norm", "blk.0.attn_output_norm", "blk.0.layer_output_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
        writer.add_tensor(f"{name}.bias", np.zeros(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


SERVE = """
import sys, xllamacpp
settings = xllamacpp.CommonParams()
settings.model.path, settings.embedding, settings.port = sys.argv[1], True, 0
settings.n_ctx = settings.n_batch = settings.n_ubatch = int(sys.argv[2])
server = xllamacpp.Server(settings)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    write_model(path)
    command = [sys.executable, "-c", SERVE, str(path), str(CONTEXT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield f"{server.stdout.readline().strip()}/v1"
        server.stdin.close()


def test_a_run_with_vectors_of_a_real_server(url, beir, tmp_path, monkeypatch):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    more = ("--recipe", "naive", "--ranker", f"embed:{url}#tiny", "--negatives", 2, "--quiet")
    run("mine", beir, "--out", tmp_path / "run", *more)
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["counts"]["negatives"] == 14 and info["rankers"]["embed"]["model"] == "tiny"
    [shard, _] = sorted(
        (tmp_path / "cache" / "vectors").glob("*/*.npy"), key=lambda path: -path.stat().st_size
    )
    vectors = np.load(shard)
    assert vectors.shape == (30, WIDTH) and np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_real_server_that_does_not_rerank_is_one_line(url, beir, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    more = ("--recipe", "naive", "--ranker", "bm25", "--ranker", f"rerank:{url}", "--quiet")
    run("mine", beir, "--out", tmp_path / "run", *more, expect=2)
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and "does not support reranking" in printed
