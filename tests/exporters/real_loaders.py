"""Reads what the formats write with the trainers' own loaders. Run by hand, in an environment of its own:

pip install torch==2.13.0 datasets sentence-transformers
pip install --no-deps FlagEmbedding==1.4.2 peft accelerate pylate==1.6.0 tevatron==0.1.0
pip install --no-deps nemo-automodel==0.7.0 pillow
pip install --no-deps ms-swift==4.6.0 modelscope modelscope_hub json_repair aiohttp  # and what it asks for
python -m tests.exporters.real_loaders flagembedding pylate tevatron nemo ms_swift

The test-suite makes the same accesses without these libraries (`test_trainers.py`): together they do not fit
into one environment, pylate 1.6.0 for one asks for sentence-transformers 5.3.0 and no other.
"""

import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

from datasets import load_dataset

from hardneg.core.components import FORMATS

from .tiny import EXAMPLES, Again


def put(given, folder):
    form = FORMATS.make(given)
    files = form.write(Again(EXAMPLES), folder / f"train{form.suffix}").files
    form.lint(files[0])
    return [str(path) for path in files]


def read(path):
    return load_dataset("json", data_files=path, split="train")


KINDS = ("require", "probability")


def flagembedding(folder):
    from FlagEmbedding.abc.finetune.embedder import AbsDataset as embedder
    from FlagEmbedding.abc.finetune.reranker import AbsDataset as reranker

    kinds = ("flagembedding", False), *(({"flagembedding": {"scores": kind}}, True) for kind in KINDS)
    for number, (given, distil) in enumerate(kinds):
        arguments = SimpleNamespace(
            train_data=put(given, folder / str(number)),
            cache_path=str(folder / "cache"),
            knowledge_distillation=distil,
            max_example_num_per_dataset=10**9,
            train_group_size=4,
            shuffle_ratio=0.0,
            small_threshold=0,
            drop_threshold=0,
            query_max_len=8,
            passage_max_len=8,
            query_instruction_for_retrieval="Find: ",
            query_instruction_format="{}{}",
            passage_instruction_for_retrieval=None,
            query_instruction_for_rerank=None,
            passage_instruction_for_rerank=None,
        )
        data = embedder.AbsEmbedderTrainDataset(arguments, None)
        assert [len(data[row][1]) for row in range(len(data))] == [4] * (2 if number == 1 else 3)
        assert all(data[row][0].startswith("Find: ") for row in range(len(data)))
        batches = embedder.AbsEmbedderSameDatasetTrainDataset(arguments, 2, 0, None)
        batches.refresh_epoch()
        assert len(batches[0][1]) == 8
        tokenizer = SimpleNamespace(
            encode=lambda text, **_: [1], prepare_for_model=lambda query, doc, **_: {"input_ids": query + doc}
        )
        assert len(reranker.AbsRerankerTrainDataset(arguments, tokenizer)[0][0]) == 4


def pylate(folder):
    from pylate import utils

    train, queries, documents = map(read, put({"pylate": {"short": "repeat"}}, folder))
    train.set_transform(utils.KDProcessing(queries=queries, documents=documents).transform)
    rows = [train[row] for row in range(len(train))]
    batch = utils.ColBERTCollator(tokenize_fn=lambda texts, **_: {"texts": texts})(rows)
    assert batch["label"].shape == (3, 3)
    assert batch["documents_texts"][0] == "Ёж text 1"


def tevatron(folder):
    from tevatron.datasets.preprocessor import TrainPreProcessor

    process = TrainPreProcessor(SimpleNamespace(encode=lambda text, **_: text))
    first = process(read(put("tevatron", folder)[0])[0])
    assert first["positives"] == ["Ёж text 1", " text 2"]


def nemo(folder):
    from nemo_automodel.components.datasets.llm.retrieval_dataset import make_retrieval_dataset

    path, _ = put({"nemo": {"query_instruction": "Find:"}}, folder)
    data = make_retrieval_dataset([path], n_passages=3, use_dataset_instruction=True)
    assert [data[row]["doc_id"] for row in range(3)] == [
        ["d1", "d3", "d4"],
        ["d5", "d6", "d3"],
        ["d8", "d1", "d1"],
    ]
    assert data[0]["query_instruction"] == "Find:"
    assert len(make_retrieval_dataset([path], model_type="cross_encoder", n_passages=3)) == 3


def ms_swift(folder):
    from swift.dataset import load_dataset
    from swift.template.template_inputs import TemplateInputs

    data, _ = load_dataset(put("ms-swift", folder)[0])
    inputs = [TemplateInputs.from_dict(dict(row)) for row in data]
    assert sorted(len(one.negative) for one in inputs) == [1, 2, 2, 2]
    assert all(len(one.positive) == 1 and one.chosen.messages[0]["role"] == "user" for one in inputs)


if __name__ == "__main__":
    loaders = {loader.__name__: loader for loader in (flagembedding, pylate, tevatron, nemo, ms_swift)}
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            loaders[name](Path(folder) / name)
