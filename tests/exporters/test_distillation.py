"""Exports for distillation, loaded back and trained on for some steps by the trainers' own losses.

Those of PyLate and FlagEmbedding are skipped where these are not installed: `real_loaders.py` says how to.
"""

import math

import pytest
from datasets import load_dataset

from hardneg.core.components import FORMATS
from hardneg.core.records import Example, Scored
from hardneg.runs.score_scales import scaled

from .tiny import Again

STEPS = 3
TEXTS = ["text 1", "text 2", "text 3", "1 2", "2 3"]


def examples():
    """Four queries with a positive and three negatives, scored as a cross-encoder does."""
    for number in range(4):
        docs = [
            Scored(f"d{place}", "", TEXTS[(number + place) % 5], 5.0 - 3 * place + number)
            for place in range(4)
        ]
        yield Example(f"q{number}", f"text {number}", docs[:1], docs[1:])


def written(given, folder, scale="raw"):
    form = FORMATS.make(given)
    files = form.write(
        Again([scaled(each, scale) for each in examples()]), folder / f"train{form.suffix}"
    ).files
    form.lint(files[0])
    return [str(file) for file in files]


def table(path, folder):
    return load_dataset("json", data_files=path, split="train", cache_dir=str(folder / "cache"))


@pytest.fixture(scope="module")
def tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = "[PAD] [UNK] [CLS] [SEP] text 0 1 2 3".split()
    made = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


@pytest.fixture(scope="module")
def bert(tokenizer, tmp_path_factory):
    """Returns the folder of a tiny encoder."""
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    named["mask_token"] = "[UNK]"
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=32, **named).save_pretrained(folder)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    BertModel(BertConfig(vocab_size=9, max_position_embeddings=32, **sizes)).save_pretrained(folder)
    return str(folder)


def stepped(model, loss_of, batches):
    """Returns the losses of some steps."""
    import torch

    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    losses = []
    for _ in range(STEPS):
        for batch in batches:
            loss = loss_of(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


@pytest.mark.parametrize("scale", ["raw", "z-scores"])
@pytest.mark.parametrize("loss", ["MarginMSELoss", "DistillKLDivLoss"])
def test_sentence_transformers(loss, scale, tokenizer, tmp_path):
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer import losses
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    [path] = written({"sentence-transformers-n-tuple": {"scores": True}}, tmp_path, scale)
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=4)], device="cpu")
    before = model[0].embedding.weight.detach().clone()
    arguments = SentenceTransformerTrainingArguments(
        str(tmp_path / "out"), max_steps=STEPS, per_device_train_batch_size=2, report_to=[], use_cpu=True,
        save_strategy="no", logging_steps=1, learning_rate=0.01,
    )  # fmt: skip
    trainer = SentenceTransformerTrainer(
        model=model, args=arguments, train_dataset=table(path, tmp_path), loss=getattr(losses, loss)(model)
    )
    trainer.train()
    seen = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(seen) == STEPS and all(map(math.isfinite, seen))
    assert not before.equal(model[0].embedding.weight)


def test_pylate(bert, tmp_path):
    pytest.importorskip("pylate", reason="PyLate 1.6.0 asks for sentence-transformers 5.3.0")
    from pylate import losses, models, utils

    train, queries, documents = (table(path, tmp_path) for path in written("pylate", tmp_path))
    train.set_transform(utils.KDProcessing(queries=queries, documents=documents, n_ways=4).transform)
    model = models.ColBERT(bert, embedding_size=4, device="cpu", query_length=8, document_length=8)
    batch = utils.ColBERTCollator(model.tokenize)([train[row] for row in range(2)])
    features = [
        {key.removeprefix(f"{side}_"): value for key, value in batch.items() if key.startswith(f"{side}_")}
        for side in ("query", "documents")
    ]
    distillation = losses.Distillation(model=model)
    seen = stepped(model, lambda batch: distillation(features, batch), [batch["label"]])
    assert all(map(math.isfinite, seen)) and min(seen[1:]) < seen[0]


def test_flagembedding(bert, tmp_path):
    pytest.importorskip("FlagEmbedding", reason="FlagEmbedding 1.4.2 is not installed")
    from types import SimpleNamespace

    from FlagEmbedding.abc.finetune.embedder import AbsDataset
    from FlagEmbedding.finetune.embedder.encoder_only.base.modeling import BiEncoderOnlyEmbedderModel
    from transformers import AutoModel, AutoTokenizer

    arguments = SimpleNamespace(
        train_data=written({"flagembedding": {"scores": "require"}}, tmp_path),
        cache_path=str(tmp_path / "cache"), knowledge_distillation=True, max_example_num_per_dataset=10**9,
        train_group_size=4, shuffle_ratio=0.0, query_max_len=8, passage_max_len=8,
        query_instruction_for_retrieval=None, query_instruction_format="{}{}",
        passage_instruction_for_retrieval=None,
    )  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(bert)
    data = AbsDataset.AbsEmbedderTrainDataset(arguments, tokenizer)
    batch = AbsDataset.AbsEmbedderCollator(tokenizer, query_max_len=8, passage_max_len=8)(
        [data[row] for row in range(len(data))]
    )
    model = BiEncoderOnlyEmbedderModel(
        AutoModel.from_pretrained(bert), tokenizer=tokenizer, kd_loss_type="kl_div", normalize_embeddings=True
    )
    model.train()
    seen = stepped(model, lambda own: model(**own).loss, [batch])
    assert all(map(math.isfinite, seen)) and min(seen[1:]) < seen[0]
