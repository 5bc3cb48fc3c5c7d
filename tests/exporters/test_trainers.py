"""Written files are read as the trainers read them: by `datasets` and sentence-transformers themselves, and
for the others by the same accesses as their loaders make, each named with its source and version.
`real_loaders.py` beside runs the loaders themselves."""

import math
import random

import pytest
from datasets import load_dataset

from hardneg.core.components import FORMATS

from .tiny import EXAMPLES, Again


def load(path, cache):
    kind = "parquet" if path.suffix == ".parquet" else "json"
    return load_dataset(kind, data_files=str(path), split="train", cache_dir=str(cache / "cache"))


def written(given, tmp_path, suffix=None):
    form = FORMATS.make(given)
    return form.write(Again(EXAMPLES), tmp_path / f"train{suffix or form.suffix}").files


@pytest.fixture(scope="module")
def tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = "[PAD] [UNK] [CLS] [SEP] text 1 2 3".split()
    made = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize("name", ["triplet", "n-tuple"])
def test_sentence_transformers_ranking_loss(name, suffix, tokenizer, tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    data = load(written(f"sentence-transformers-{name}", tmp_path, suffix)[0], tmp_path)
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=4)], device="cpu")
    batch = SentenceTransformerDataCollator(model.preprocess)(list(data))
    columns = [
        {k.removeprefix(f"{column}_"): v for k, v in batch.items() if k.startswith(f"{column}_")}
        for column in data.column_names
    ]
    assert math.isfinite(MultipleNegativesRankingLoss(model)(columns, None).item())


def test_sentence_transformers_margin_loss_reads_the_scores(tokenizer, tmp_path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    form = {"sentence-transformers-triplet": {"scores": True}}
    data = load(written(form, tmp_path)[0], tmp_path)
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=4)], device="cpu")
    batch = SentenceTransformerDataCollator(model.preprocess)(list(data))
    assert batch["label"].shape == (5, 2)


@pytest.fixture(scope="module")
def cross_encoder(tokenizer, tmp_path_factory):
    from sentence_transformers import CrossEncoder
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("cross-encoder")
    named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=32, **named).save_pretrained(folder)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    config = BertConfig(vocab_size=8, max_position_embeddings=32, num_labels=1, **sizes)
    BertForSequenceClassification(config).save_pretrained(folder)
    return CrossEncoder(str(folder), device="cpu")


@pytest.mark.parametrize(
    ("name", "loss"), [("labeled-list", "LambdaLoss"), ("labeled-pair", "BinaryCrossEntropyLoss")]
)
def test_sentence_transformers_cross_encoder_losses(name, loss, cross_encoder, tmp_path):
    from sentence_transformers.cross_encoder import losses
    from sentence_transformers.cross_encoder.data_collator import CrossEncoderDataCollator

    data = load(written(f"sentence-transformers-{name}", tmp_path)[0], tmp_path)
    batch = CrossEncoderDataCollator(cross_encoder.preprocess)(list(data))
    labels = batch.pop("label")
    assert math.isfinite(getattr(losses, loss)(cross_encoder)(list(batch.values()), labels).item())


@pytest.mark.parametrize(
    ("name", "loss"), [("labeled-list", "LambdaLoss"), ("labeled-pair", "BinaryCrossEntropyLoss")]
)
def test_sentence_transformers_trains_on_soft_labels(name, loss, cross_encoder, tmp_path):
    """Three steps by the real trainer; the labels arrive as they were written."""
    from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments, losses

    form = {f"sentence-transformers-{name}": {"labels": "probability"}}
    data = load(written(form, tmp_path)[0], tmp_path)
    seen = []
    kind = getattr(losses, loss)

    class Seen(kind):
        def forward(self, inputs, labels, *args, **kwargs):
            seen.extend(labels)
            return super().forward(inputs, labels, *args, **kwargs)

    options = CrossEncoderTrainingArguments(
        output_dir=str(tmp_path / "out"), max_steps=3, use_cpu=True, report_to=[], save_strategy="no"
    )
    trained = CrossEncoderTrainer(
        model=cross_encoder, args=options, train_dataset=data, loss=Seen(cross_encoder)
    )
    assert math.isfinite(trained.train().training_loss)
    values = [float(value) for label in seen for value in label.reshape(-1)]
    assert 0.5 in values and set(values) == {0.0, 0.5, 1.0}


def test_flagembedding_distils_probabilities(tmp_path):
    """AbsEmbedderModel.forward, FlagEmbedding 1.4.2: softmax over the scores of a list are the targets."""
    import torch

    row = load(written({"flagembedding": {"scores": "probability"}}, tmp_path)[0], tmp_path)[0]
    targets = torch.softmax(torch.tensor(row["pos_scores"][:1] + row["neg_scores"]), dim=-1)
    assert targets.tolist() == pytest.approx([2 / 3, 1 / 3, 0], abs=1e-3)


def test_flagembedding_draws(tmp_path):
    """AbsEmbedderTrainDataset.__getitem__, FlagEmbedding 1.4.2."""
    for row in load(written("flagembedding", tmp_path)[0], tmp_path):
        assert isinstance(row["pos"], list) and isinstance(row["neg"], list)
        random.choice(range(len(row["pos"])))
        repeats = math.ceil(7 / len(row["neg"]))
        assert len(random.sample(list(range(len(row["neg"]))) * repeats, 7)) == 7


def test_flagembedding_distils(tmp_path):
    """AbsEmbedderTrainDataset.__getitem__ with knowledge_distillation, FlagEmbedding 1.4.2."""
    for row in load(written({"flagembedding": {"scores": "require"}}, tmp_path)[0], tmp_path):
        assert all(isinstance(score, int | float) for score in row["pos_scores"] + row["neg_scores"])


def test_tevatron_joins_title_and_text(tmp_path):
    """TrainPreProcessor.__call__, tevatron 0.1.0."""
    first = load(written("tevatron", tmp_path)[0], tmp_path)[0]
    texts = [passage["title"] + " " + passage["text"] for passage in first["positive_passages"]]
    assert texts == ["Ёж text 1", " text 2"]


def test_tevatron_v2_looks_up_ids(tmp_path):
    """TrainDataset._get_info_from_docid, texttron/tevatron at 0a9626f."""
    train, corpus = (load(path, tmp_path) for path in written("tevatron-v2", tmp_path))
    row_of = {docid: row for row, docid in enumerate(corpus["docid"])}
    for row in train:
        for docid in row["positive_document_ids"] + row["negative_document_ids"]:
            assert corpus[row_of[docid]]["text"]


def test_ms_swift_reads_roles(tmp_path):
    """RowPreprocessor._check_messages and Template._embedding_encode, ms-swift 4.6.0."""
    for row in load(written("ms-swift", tmp_path)[0], tmp_path):
        assert row["messages"][-1]["role"] == "user"
        assert row["positive_messages"][0][0]["content"]
        assert all(conversation[-1]["content"] for conversation in row["negative_messages"])


def test_nemo_reads_the_corpus_folder(tmp_path):
    """TextQADataset.__init__, nemo-automodel 0.7.0: the folder is loaded as a whole."""
    _, folder = written("nemo", tmp_path)
    corpus = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))["train"]
    assert corpus.column_names == ["id", "text"]
    assert len(corpus) == 7


def test_pylate_makes_one_tensor_of_a_batch(tmp_path):
    """KDProcessing.transform and ColBERTCollator.__call__, pylate 1.6.0."""
    import torch

    train, queries, documents = (load(path, tmp_path) for path in written("pylate", tmp_path))
    assert torch.tensor(list(train["scores"])).shape == (2, 3)
    assert set(train["query_id"]) <= set(queries["query_id"])
    assert {one for ids in train["document_ids"] for one in ids} <= set(documents["document_id"])
