"""Rows of NeMo's format, and its corpus folder."""

import json

from .tiny import HEDGEHOG, rows, write


def test_nemo(tmp_path):
    written = write({"nemo": {"query_instruction": "Find:"}}, tmp_path)
    assert [path.name for path in written.files] == ["train.json", "train.corpus"]
    read = json.loads(written.files[0].read_text(encoding="utf-8"))
    assert read["corpus"] == [{"path": "train.corpus"}]
    assert len(read["data"]) == written.rows == 3
    assert read["data"][1] == {
        "question_id": "q2",
        "question": "second",
        "corpus_id": "train",
        "pos_doc": [{"id": "d5"}],
        "neg_doc": [{"id": "d6", "score": 0.5}, {"id": "d3"}],
    }
    metadata = json.loads((written.files[1] / "merlin_metadata.json").read_text(encoding="utf-8"))
    assert metadata == {"class": "TextQADataset", "corpus_id": "train", "query_instruction": "Find:"}
    corpus = rows(written.files[1] / "train.parquet")
    assert corpus[0] == {"id": "d1", "text": HEDGEHOG}
    assert len(corpus) == 7
