"""Recipes, runs and models that were received: nothing that they name is run; a canary file never appears."""

import json
import pickle

import pytest
import yaml

from hardneg.core.errors import ConfigError
from hardneg.core.trust import TRUSTED, is_trusted, trusting
from hardneg.mining.recipe import Recipe
from hardneg.rankers.dense.models import load_model
from hardneg.runs.directory import RunFolder
from tests import tiny
from tests.cli.test_cli import run
from tests.hostile.mutations import outcome

HOW = "if you trust its code, pass --trust-remote-code"
KINDS = ("SentenceTransformer", "SparseEncoder", "CrossEncoder")
AUTO_MAP = {"AutoConfig": "own.Config", "AutoModel": "own.Model", "AutoTokenizer": ["own.Tokens"] * 2}
NOT_REFUSED = ("auto_map-of-tokenizer", "head-pickle", "module-elsewhere")
"""Loaded without the code, or refused for another reason."""


@pytest.fixture
def canary(tmp_path, monkeypatch):
    """A file that appears when code that was received runs: also as `torch.canary`, called or made."""
    import torch

    path = tmp_path / "canary"

    class Canary(torch.nn.Identity):
        def __init__(self, *args, **kwargs):
            super().__init__()
            path.touch()

    monkeypatch.setattr(torch, "canary", Canary, raising=False)
    yield path
    assert not path.exists()


class Pickled:
    """Runs code when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def changed(path, **settings):
    """Changes settings of a JSON file."""
    plain = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**plain, **settings}), encoding="utf-8")


def own_code(folder, canary):
    code = f"open({str(canary)!r}, 'w').close()\nclass Config: pass\nclass Model: pass\nclass Tokens: pass\n"
    for place in (folder, folder / "1_Pooling"):
        if place.is_dir():
            (place / "own.py").write_text(code, encoding="utf-8")


def module(folder, number, **settings):
    """Changes one module in modules.json."""
    path = folder / "modules.json"
    modules = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    modules[number:] = [{**(modules[number] if number < len(modules) else {}), **settings}]
    path.write_text(json.dumps([{"idx": 0, "name": str(n), **each} for n, each in enumerate(modules)]))


def kernel(name, **more):
    return lambda folder, canary: changed(
        folder / "sentence_bert_config.json", **{name: {"attn_implementation": "evil/kernel", **more}}
    )


def explicit_pickle(folder, canary):
    (folder / "model.safetensors").unlink()
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(Pickled(canary)))
    changed(folder / "config.json", transformers_weights="adapter_model.bin")
    changed(folder / "sentence_bert_config.json", model_args={"weights_only": False})


def pickled_shard(folder, canary):
    (folder / "model.safetensors").unlink()
    (folder / "shard.bin").write_bytes(pickle.dumps(Pickled(canary)))
    index = {"metadata": {"total_size": 1}, "weight_map": {"embeddings.word_embeddings.weight": "shard.bin"}}
    changed(folder / "model.safetensors.index.json", **index)
    changed(folder / "sentence_bert_config.json", model_args={"weights_only": False})


def pickled_weights(folder, canary):
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Pickled(canary)))
    changed(
        folder / "sentence_bert_config.json", model_args={"weights_only": False, "use_safetensors": False}
    )


def dense_head(folder, activation, weights=None):
    head = folder / "2_Dense"
    head.mkdir()
    changed(head / "config.json", in_features=16, out_features=4, activation_function=activation)
    if weights:
        (head / "pytorch_model.bin").write_bytes(weights)
    module(folder, 2, path="2_Dense", type="sentence_transformers.models.Dense")


def router(folder, canary):
    below = folder / "1_Pooling"
    changed(below / "router_config.json", types={"query": "torch.canary"}, structure={}, parameters={})
    module(folder, 1, type="sentence_transformers.models.Router")


def nested(folder, canary):
    """A module below a Router's."""
    below = folder / "1_Pooling" / "query"
    below.mkdir()
    changed(below.parent / "router_config.json", types={"query": "sentence_transformers.models.Dense"})
    changed(below / "config.json", in_features=1, out_features=1, activation_function="torch.canary")
    module(folder, 1, type="sentence_transformers.models.Router")


def words(folder, canary):
    changed(folder / "1_Pooling" / "wordembedding_config.json", tokenizer_class="torch.canary")
    module(folder, 1, type="sentence_transformers.models.WordEmbeddings")


def whole_model(folder, canary):
    """A whole model as a module, which would be loaded without any checks."""
    changed(folder / "1_Pooling" / "config.json", activation_fn="gelu")
    module(folder, 1, type="sentence_transformers.CrossEncoder")


def adapter(folder, canary):
    base = folder.parent / "base"
    base.mkdir()
    changed(base / "config.json", model_type="bert", _attn_implementation="evil/kernel")
    changed(folder / "adapter_config.json", peft_type="LORA", base_model_name_or_path=str(base))


FOLDERS = {
    "auto_map": lambda f, c: changed(f / "config.json", model_type="own", auto_map=AUTO_MAP),
    "auto_map-of-tokenizer": lambda f, c: changed(
        f / "tokenizer_config.json", tokenizer_class="Own", auto_map=AUTO_MAP
    ),
    "module-of-its-own": lambda f, c: module(f, 1, type="own.Model"),
    "module-of-torch": lambda f, c: module(f, 1, type="torch.canary"),
    "module-pickle": lambda f, c: module(f, 1, type="sentence_transformers.base.model.pickle"),
    "module-elsewhere": lambda f, c: module(f, 1, path="../other"),
    "module-whole-model": whole_model,
    "router": router,
    "router-nested": nested,
    "words": words,
    "adapter": adapter,
    "head-activation": lambda f, c: dense_head(f, "torch.canary"),
    "head-hub": lambda f, c: dense_head(f, "torch.hub.load"),
    "head-of-its-own": lambda f, c: dense_head(f, "own.Model"),
    "head-pickle": lambda f, c: dense_head(f, "torch.nn.Tanh", pickle.dumps(Pickled(c))),
    "activation_fn": lambda f, c: changed(
        f / "config.json", sentence_transformers={"activation_fn": "torch.canary"}
    ),
    "activation_fn-saved": lambda f, c: changed(
        f / "config_sentence_transformers.json", activation_fn="torch.utils.collect_env.main"
    ),
    "activation-legacy": lambda f, c: changed(
        f / "config.json", sbert_ce_default_activation_function="torch.canary"
    ),
    "kernel": kernel("model_args", allow_all_kernels=True),
    "kernel-new-name": kernel("model_kwargs"),
    "kernel-by-part": lambda f, c: changed(
        f / "sentence_bert_config.json", model_args={"attn_implementation": {"": "evil/kernel@main:fn"}}
    ),
    "kernel-in-config": lambda f, c: changed(f / "config.json", _attn_implementation="evil/kernel"),
    "kernels": lambda f, c: changed(f / "sentence_bert_config.json", model_args={"use_kernels": True}),
    "trust-in-file": lambda f, c: (
        changed(f / "config.json", model_type="own", auto_map=AUTO_MAP),
        changed(f / "sentence_bert_config.json", config_args={"trust_remote_code": True}),
    ),
    "explicit-pickle": explicit_pickle,
    "pickled-shard": pickled_shard,
    "pickled-weights": pickled_weights,
}


def received(name, folder, canary):
    """Returns a model's folder that somebody changed."""
    model = tiny.bi_encoder(folder)
    own_code(model, canary)
    FOLDERS[name](model, canary)
    return model


@pytest.mark.parametrize("name", FOLDERS)
def test_nothing_that_a_models_folder_names_is_run(name, canary, tmp_path):
    folder = received(name, tmp_path / "received", canary)
    for kind in KINDS:
        try:
            load_model(kind, str(folder), device="cpu").predict([("a", "b")])
        except (ConfigError, AttributeError) as error:  # a bi-encoder does not predict
            assert isinstance(error, AttributeError) or "\n" not in str(error)
    assert not canary.exists()


@pytest.mark.parametrize("name", [name for name in FOLDERS if name not in NOT_REFUSED])
def test_a_models_folder_that_names_code_is_refused_in_one_line(name, canary, tmp_path):
    folder = received(name, tmp_path / "received", canary)
    with pytest.raises(ConfigError, match=HOW):
        load_model("SentenceTransformer", str(folder), device="cpu")


def test_a_cross_encoders_activation_is_refused(canary, tmp_path):
    folder = tiny.cross_encoder(tmp_path)
    for name in ("torch.hub.load", "torch.canary", "own.Model", "torch.nn.Linear"):
        changed(folder / "config_sentence_transformers.json", activation_fn=name)
        with pytest.raises(ConfigError, match=f'activation_fn names "{name}", which is no activation'):
            load_model("CrossEncoder", str(folder), device="cpu")
    for name in ("torch.nn.modules.activation.Sigmoid", "torch.nn.modules.linear.Identity", "torch.nn.Tanh"):
        changed(folder / "config_sentence_transformers.json", activation_fn=name)
        load_model("CrossEncoder", str(folder), device="cpu")


def test_a_trusted_model_runs_its_code(tmp_path):
    """So that the canary is one."""
    canary = tmp_path / "canary"
    folder = received("auto_map", tmp_path / "received", canary)
    with trusting([str(tmp_path)]), pytest.raises(ConfigError):
        load_model("SentenceTransformer", str(folder), device="cpu")
    assert not canary.exists()
    with trusting([str(folder)]), pytest.raises(ConfigError):  # its classes are empty
        load_model("SentenceTransformer", str(folder), device="cpu")
    assert canary.exists()


def test_a_hub_models_files_are_checked_as_they_are_in_the_cache(canary, tmp_path, monkeypatch):
    import huggingface_hub

    folder = received("kernel", tmp_path / "received", canary)
    place = tmp_path / "snapshots" / ("0123456789" * 4)
    place.parent.mkdir()
    folder.rename(place)
    asked = []
    monkeypatch.setattr(
        huggingface_hub, "snapshot_download", lambda name, **kw: asked.append((name, kw)) or str(place)
    )
    with pytest.raises(ConfigError, match=HOW):
        load_model("SentenceTransformer", "owner/name", device="cpu")
    assert asked == [("owner/name", {"revision": None, "allow_patterns": "*.json"})]


# Trust


def test_trust_names_models(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    assert not is_trusted("model") and not is_trusted("")
    monkeypatch.setenv(TRUSTED, "owner/name, ./model ,")
    assert is_trusted("owner/name") and is_trusted("model") and is_trusted(str(tmp_path / "model"))
    assert not is_trusted("owner") and not is_trusted("") and not is_trusted("other")
    with trusting(["third"]):
        assert is_trusted("third") and is_trusted("owner/name")
    assert not is_trusted("third")


RANKERS = ("dense", "sparse", "cross-encoder")


def recipe(name, model, trust):
    ranker = {name: {"model": str(model), "trust_remote_code": trust}}
    return {"rank": {"rankers": ["bm25", ranker]}, "format": "jsonl"}


@pytest.mark.parametrize("name", RANKERS)
def test_a_recipe_that_gives_trust_is_refused(name, canary, beir, tmp_path, capsys):
    model = received("auto_map", tmp_path / "received", canary)
    capsys.readouterr()
    for trust in (True, "yes", 1, [0]):
        file = tmp_path / "recipe.yaml"
        file.write_text(yaml.safe_dump(recipe(name, model, trust)), encoding="utf-8")
        run("mine", beir, "--out", tmp_path / "run", "--recipe", file, expect=2)
        said = capsys.readouterr().err
        assert "trust_remote_code is not taken from settings" in said and said.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("engine", ["ray:evil:6379", "{ray: evil:6379}", "{ray: {address: 'ray://evil:1'}}"])
def test_a_recipe_that_names_a_cluster_is_refused(engine, beir, tmp_path, capsys):
    (tmp_path / "recipe.yaml").write_text(f"rank:\n  rankers: [bm25]\nengine: {engine}\n")
    code, said = outcome(
        ["mine", beir, "--out", tmp_path / "out", "--recipe", tmp_path / "recipe.yaml"], capsys
    )
    assert code == 2
    assert "the address of a cluster" in said.splitlines()[-1]
    assert "pass --engine ray:ADDRESS" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", RANKERS)
def test_settings_of_earlier_versions_without_trust_are_read(name):
    assert "trust_remote_code" not in json.dumps(Recipe.build(recipe(name, "m", False)).settings())


@pytest.mark.parametrize(
    "setting",
    [
        "rank.rankers.dense.trust_remote_code=true",
        "rank.trust_remote_code=true",
        "trust_remote_code=true",
        "validation.validators=[{guide: {model: m, trust_remote_code: true}}]",
        "engine={ray: {trust_remote_code: true}}",
    ],
)
def test_a_setting_that_gives_trust_is_refused(setting, canary, beir, tmp_path, capsys):
    model = received("auto_map", tmp_path / "received", canary)
    command = ["mine", beir, "--out", tmp_path / "run", "--recipe", "naive", "--ranker", f"dense:{model}"]
    capsys.readouterr()
    run(*command, "--set", setting, expect=2)
    said = capsys.readouterr().err
    assert "--trust-remote-code" in said and said.count("\n") == 1


@pytest.fixture
def received_run(canary, beir, tmp_path):
    """A run of a model whose folder has code of its own, and a run.json that trusts it."""
    model = tiny.bi_encoder(tmp_path / "received")
    command = ["mine", beir, "--out", tmp_path / "run", "--recipe", "naive", "--ranker", f"dense:{model}"]
    run(*command, "--quiet")
    own_code(model, canary)
    FOLDERS["auto_map"](model, canary)
    folder = RunFolder(tmp_path / "run")
    info = folder.read()
    info["recipe"]["rank"]["rankers"][0]["dense"]["trust_remote_code"] = True
    folder.write(info)
    return tmp_path / "run"


MODEL = "received/model"
COMMANDS = {
    "audit": lambda d, s, o: ["audit", d],
    "audit-hide": lambda d, s, o: ["audit", d, "--method", "hidden-positives"],
    "select": lambda d, s, o: ["select", d, "--out", o, "--recipe", "sampled"],
    "train": lambda d, s, o: ["train", d, "--out", o, "--student", d.parent / MODEL],
    "mine": lambda d, s, o: ["mine", s, "--out", d, "--recipe", "naive", "--ranker", "bm25"],
    "report": lambda d, s, o: ["report", d],
    "export": lambda d, s, o: ["export", d, "--format", "jsonl", "-o", o / "train.jsonl"],
    "evaluate": lambda d, s, o: [
        "evaluate",
        s,
        "--split",
        "train",
        "--model",
        d.parent / "received" / "model",
    ],
    "plan": lambda d, s, o: ["plan", s, "--ranker", f"dense:{d.parent / MODEL}"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_runs_what_a_received_run_names(name, canary, received_run, beir, tmp_path, capsys):
    try:
        run(*COMMANDS[name](received_run, beir, tmp_path / "out"), expect=2)
    except AssertionError:  # it does without the model
        assert name in ("report", "export", "audit")
    assert capsys.readouterr().err.count("Traceback") == 0
    assert not canary.exists()


def test_trust_is_given_on_the_command_line_and_is_in_no_file(beir, tmp_path):
    model = tiny.bi_encoder(tmp_path / "model")
    weights = next(model.rglob("model.safetensors"))
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(weights), weights.with_name("pytorch_model.bin"))
    weights.unlink()
    command = ["mine", beir, "--out", tmp_path / "run", "--recipe", "naive", "--ranker", f"dense:{model}"]
    run(*command, expect=2)
    run(*command, "--trust-remote-code", model, "--trust-remote-code", "other/model")
    run(*command, f"--trust-remote-code={model}")
    assert not is_trusted(str(model))
    for path in (tmp_path / "run").rglob("*"):
        if path.suffix in (".json", ".md", ".jsonl", ".html"):
            assert "remote" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [5, True, 1.5, "query", [1], [None], {"a": 1}])
def test_columns_of_a_received_recipe_that_are_none_are_refused_in_one_line(columns, beir, tmp_path, capsys):
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump({"load": {"columns": columns}}))
    command = ["mine", beir, "--recipe", tmp_path / "recipe.yaml", "--out", tmp_path / "run"]
    code, said = outcome([*command, "--ranker", "bm25"], capsys)
    assert code == 2 and "columns" in said and said.count("\n") == 1
