from __future__ import annotations

import pytest

from hardneg.core.errors import ConfigError, DataError
from hardneg.sources import LoadOptions, load, load_with_or_without_queries


def fails(source, message, error=DataError, **options):
    with pytest.raises(error, match=message) as raised:
        load(str(source), LoadOptions(**options))
    assert "\n" not in str(raised.value)


def test_a_name_is_guessed(tmp_path, write):
    write("pairs.jsonl", "")

    fails(
        "stdlb",
        r'^there is no file or folder "stdlb"; did you mean "stdlib"\? A source is a BEIR or TREC folder,',
    )
    fails(tmp_path / "pair.jsonl", r'pair\.jsonl"; did you mean ".*pairs\.jsonl"\? A source is')
    fails(tmp_path / "no" / "such", r'^there is no file or folder ".*such"\. A source is')


def test_a_folder_with_no_layout_lists_what_was_found(tmp_path, write):
    write("corpus.jsonl", "")
    write("qrels/test.tsv", "")

    fails(
        tmp_path,
        r": a BEIR folder has corpus\.jsonl, queries\.jsonl and qrels/SPLIT\.tsv; a TREC folder has .*hf:.* "
        r"Found: corpus\.jsonl, qrels/$",
    )
    for number in range(20):
        write(f"x{number}", "")
    fails(tmp_path, r" Found: corpus\.jsonl, qrels/, .* and 10 more$")


def test_an_empty_folder(tmp_path):
    fails(tmp_path, r" Found: nothing$")


def test_a_file_of_no_known_kind(write):
    fails(
        write("a.xlsx", ""), r"a\.xlsx: a pairs file has a column for the query .* ends with one of \.jsonl"
    )


def test_a_corpus_goes_with_pairs(tmp_path):
    for source in (tmp_path, "stdlib", "ir:a"):
        fails(
            source,
            r"^load\.corpus \(c\.txt\) goes with a pairs file; .* has its own",
            ConfigError,
            corpus="c.txt",
        )


def test_documents_alone_are_read_where_they_will_do(tmp_path, write):
    write("folder/corpus.jsonl", [{"_id": "d1", "title": "A", "text": "amber"}])
    write("rows.jsonl", [{"id": "d1", "text": "amber"}, {"id": "d2", "text": "birch"}])
    write("lines.txt", "amber\nbirch\nfir\n")
    write("pairs.jsonl", [{"query": "q", "document": "amber"}])
    counts = {"folder": (1, 0), "rows.jsonl": (2, 0), "lines.txt": (3, 0), "pairs.jsonl": (1, 1)}
    for name, (documents, queries) in counts.items():
        found = load_with_or_without_queries(str(tmp_path / name))
        assert (len(found.documents), len(found.queries)) == (documents, queries)
        assert len(found.judgments.queries_with_positives) == queries
    fails(tmp_path / "rows.jsonl", "no column for the query")
