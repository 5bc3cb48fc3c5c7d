"""TREC runs, judgments and negatives."""

import pytest

from hardneg.core.components import FORMATS
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import Example

from .tiny import EXAMPLES, NAN, doc, write


def test_trec(tmp_path):
    written = write("trec", tmp_path)
    run, qrels, negatives = (path.read_text().splitlines() for path in written.files)
    assert run == [
        "q1 Q0 d1 1 0.9 hardneg",
        "q1 Q0 d2 2 0.8 hardneg",
        "q1 Q0 d3 3 0.7 hardneg",
        "q1 Q0 d4 4 0.6 hardneg",
        "q2 Q0 d6 1 0.5 hardneg",
        "q3 Q0 d7 1 0.9 hardneg",
        "q4 Q0 d8 1 0.4 hardneg",
        "q4 Q0 d1 2 0.3 hardneg",
    ]
    assert qrels == ["q1 0 d1 1", "q1 0 d2 1", "q2 0 d5 1", "q3 0 d7 1", "q4 0 d8 1"]
    assert negatives[:2] == ["query_id\tdoc_id\tscore\tweight", "q1\td3\t0.7\t0.5"]
    assert negatives[4] == "q2\td3\t\t1.0"
    assert [path.name for path in written.files] == ["train.trec", "train.qrels", "train.negatives.tsv"]
    assert written.notes == {"documents_without_score": 2}


def test_trec_names_the_id_it_cannot_carry(tmp_path):
    spaced = doc(1, 0.5)._replace(doc_id="a b")
    with pytest.raises(DataError, match="document id 'a b'"):
        write("trec", tmp_path, [Example("q", "query", [spaced], [])])
    with pytest.raises(DataError, match="query id ''"):
        write("trec", tmp_path, [Example("", "query", [doc(1, 0.5)], [])])
    with pytest.raises(ConfigError, match="one word"):
        FORMATS.make({"trec": {"tag": "my run"}})


def test_trec_skips_a_query_without_any_score(tmp_path):
    both = [EXAMPLES[0], Example("q", "query", [doc(1, NAN)], [doc(2, NAN)])]
    written = write("trec", tmp_path, both)
    assert (written.skipped, written.notes) == (1, {"no_scores": 1})
