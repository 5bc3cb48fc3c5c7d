"""The dataset card."""

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from hardneg.exporters.card import write_card
from hardneg.exporters.card.training_set import columns

RUN = {
    "source": "beir/nfcorpus",
    "command": "hardneg mine beir/nfcorpus --out nf",
    "collection": {"name": "nfcorpus", "documents": 3633, "queries": 2590, "digest": "abc"},
    "recipe": {
        "name": "margin-pos",
        "description": "Below the positive.\n",
        "select": {"rules": [{"absolute-margin": {"margin": 0.05}}]},
        "rank": {"rankers": ["dense:default", "bm25:russian"]},
    },
    "seed": 7,
    "rankers": {"dense": {"model": "всё"}},
    "versions": {"hardneg": "0.1.0"},
    "counts": {"queries": 2590, "candidates": 259000, "negatives": 10360, "dropped": {"absolute_margin": 5}},
    "short": {"depth_limit": 3},
    "export": {
        "format": {"pylate": {"short": "drop"}},
        "files": ["train.jsonl", "train.queries.jsonl", "train.documents.jsonl"],
        "rows": 2500,
        "skipped": 90,
        "notes": {"no_negatives": 90},
    },
}


def card(run, tmp_path):
    write_card(run, tmp_path / "README.md")
    return (tmp_path / "README.md").read_text(encoding="utf-8")


def test_the_front_matter_is_what_the_hub_reads(tmp_path):
    front = yaml.safe_load(card(RUN, tmp_path).split("---\n")[1])
    assert front["pretty_name"] == "Hard negatives for nfcorpus"
    assert front["size_categories"] == ["1K<n<10K"]
    assert "hard-negatives" in front["tags"]
    assert "language" not in front
    assert front["configs"] == [
        {"config_name": name, "data_files": [{"split": "train", "path": path}]}
        for name, path in [
            ("default", "train.jsonl"),
            ("queries", "train.queries.jsonl"),
            ("documents", "train.documents.jsonl"),
        ]
    ]


def test_the_card_says_how_and_how_many(tmp_path):
    text = card(RUN, tmp_path)
    for expected in (
        "3,633 documents, 2,590 queries",
        "margin: 0.05",
        "Seed: 7.",
        "model: всё",
        "| candidates | 259,000 |",
        "| dropped: absolute margin | 5 |",
        "| queries with fewer negatives: depth limit | 3 |",
        "| export: no negatives | 90 |",
        "utils.KDProcessing(",
        "hardneg mine beir/nfcorpus --out nf",
        "arXiv:2407.15831",
        "BM25",
        "`abc`",
    ):
        assert expected in text
    assert "arXiv:2210.11773" not in text


def test_a_format_of_other_files_has_no_configuration_for_the_hub(tmp_path):
    trec = {"format": "trec", "files": ["train.trec"], "rows": 3, "skipped": 0, "notes": {}}
    text = card({**RUN, "export": trec, "command": None}, tmp_path)
    assert "configs" not in text and "hardneg mine" not in text
    assert text.count("trec_eval") == 1


def test_sizes(tmp_path):
    for rows, size in ((10, "n<1K"), (99_999, "10K<n<100K"), (2_000_000, "1M<n<10M"), (10**8, "10M<n<100M")):
        text = card({**RUN, "export": {**RUN["export"], "rows": rows}}, tmp_path)
        assert yaml.safe_load(text.split("---\n")[1])["size_categories"] == [size]


def test_the_card_of_a_run_tells_its_columns_audit_models_and_limits(tmp_path):
    row = {"anchor": "q", "positive": "p", "negative_1": "n", "scores": [1.0]}
    (tmp_path / "train.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    bare = card(RUN, tmp_path)
    assert "The false-negative rate of these negatives was not measured." in bare
    assert "| `all-MiniLM-L6-v2` | dense | Apache 2.0 |" in card(
        {**RUN, "recipe": {**RUN["recipe"], "rank": {"rankers": [{"dense": {"model": "default"}}]}}}, tmp_path
    )
    for line in (
        "| `anchor` | string | the query |",
        "| `negative_1` | string | a negative |",
        "| `scores` | list of float | the ranker's scores |",
        "- 3 queries have fewer negatives than asked.",
    ):
        assert line in bare
    audit = {
        "method": "judged_sample",
        "rate": 0.12,
        "low": 0.08,
        "high": 0.17,
        "confidence": 0.95,
        "judged": 200,
    }
    (tmp_path / "audit.json").write_text(json.dumps(audit), encoding="utf-8")
    audited = card(RUN, tmp_path)
    assert "About **12.0 %** of the negatives" in audited and "[8.0 %, 17.0 %]" in audited
    assert "judged sample, 200 pairs" in audited and "was not measured" not in audited


def test_the_columns_of_parquet_are_read_and_of_other_files_are_not(tmp_path):
    pq.write_table(pa.table({"query": ["q"], "negatives": [["n"]]}), tmp_path / "train.parquet")
    assert "| `query` | string | the query |" in columns(tmp_path, ["train.parquet"], {})
    (tmp_path / "train.trec").write_text("1 Q0 d 1 1.0 run\n", encoding="utf-8")
    assert columns(tmp_path, ["train.trec"], {}) == "" == columns(tmp_path, [], {})


def test_it_states_attenuation_and_the_scale_of_soft_labels(tmp_path):
    select = {"select": {"rules": [], "attenuate": True}}
    dropped = {"dropped": {"attenuated": 12}}
    attenuated = {**RUN, "recipe": RUN["recipe"] | select, "counts": RUN["counts"] | dropped}
    text = card(attenuated, tmp_path)
    assert "12 were left out (seed 7, by query and document). All negatives weigh 1." in text
    row = {"query": "q", "pos": ["p"], "neg": ["n"], "pos_scores": [0.0], "neg_scores": [-9.21]}
    (tmp_path / "train.jsonl").write_text(json.dumps(row) + "\n")
    form = {"format": {"flagembedding": {"scores": "probability"}}, "files": ["train.jsonl"]}
    text = card({**RUN, "export": RUN["export"] | form}, tmp_path)
    assert "the natural logarithm of the probability of being relevant (-9.21 to 0)" in text


def test_it_says_where_the_format_carries_no_weights(tmp_path):
    export = RUN["export"] | {"notes": {"weights_left_out": 1234}}
    text = card({**RUN, "export": export}, tmp_path)
    assert "the format pylate carries no weights: 1,234 documents weigh less than 1 in the ledger" in text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["train.jsonl", "train.parquet"])
def test_the_columns_of_a_pipe_are_not_waited_for(name, tmp_path):
    os.mkfifo(tmp_path / name)
    assert columns(tmp_path, [name], {}) == ""


def test_it_counts_suspected_positives_by_what_suspects_them(tmp_path):
    found = {"suspected": 3, "examined": 40, "max_p": 0.5, "action": "drop"}
    by = {"suspected_by": {"too_short": 1, "boilerplate": 2, "consistency": 0}}
    text = card({**RUN, "positives": {"why": "too few", **found, **by}}, tmp_path)
    assert "\n3 labelled positives are wrong with a probability above 0.5: they were left out" in text
    assert "Suspected by: boilerplate 2, too short 1;" in text
    share = {"share": 0.1, "low": 0.05, "high": 0.2}
    assert " 3 of 40 are wrong with" in card({**RUN, "positives": {**share, **found, **by}}, tmp_path)
