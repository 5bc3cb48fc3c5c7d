"""The random sample of an audit: its strata, its file, and what is refused."""

import json

import pytest

from hardneg.auditing import sample
from hardneg.auditing.sample import Drawn
from hardneg.core.errors import DataError
from hardneg.testing import collection
from tests.auditing.few import negatives

TEXTS = {f"d{n}": f"text {n}" for n in range(40)}
QUERIES = {f"q{n}": f"query {n}" for n in range(40)}
KNOWN = collection(TEXTS, QUERIES, [(query, "d1", 1) for query in QUERIES])
NAN = float("nan")


def drawn(folder, found, size, seed=7):
    folder.mkdir(exist_ok=True)
    count = sample.draw(folder, found, KNOWN, size, seed)
    read = sample.read(folder)
    assert len(read) == count
    return read


def strata(read):
    """The stratum of each negative by its number."""
    return {int(item.doc_id[1:]): item.stratum for item in read}


def test_strata_are_of_equal_size_the_likeliest_false_negatives_last(tmp_path):
    found = negatives([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    read = drawn(tmp_path, found, 10)
    assert strata(read) == {n: str((9 - n) // 2) for n in range(10)} and set(read.values()) == {2}


def test_an_unknown_probability_is_the_lowest(tmp_path):
    assert strata(drawn(tmp_path, negatives([0.1, NAN, 0.3, 0.4, 0.5]), 5))[1] == "0"


def test_without_probabilities_the_score_divides(tmp_path):
    found = negatives([NAN] * 5, score=[0.5, 0.1, 0.2, 0.3, 0.4])
    assert strata(drawn(tmp_path, found, 5)) == {0: "4", 1: "0", 2: "1", 3: "2", 4: "3"}


def test_as_many_are_drawn_of_each_stratum_rounded_up(tmp_path):
    found = negatives([n / 40 for n in range(40)])
    for size, each in ((1, 1), (10, 2), (11, 3), (1000, 8)):
        read = drawn(tmp_path, found, size)
        assert sorted(strata(read).values()) == sorted("01234" * each) and set(read.values()) == {8}
    assert len(drawn(tmp_path, negatives([0.1, 0.2, 0.3]), 5)) == 3, "there are no more"


def test_a_greater_sample_holds_the_smaller_one_and_the_seed_decides(tmp_path):
    found = negatives([n / 40 for n in range(40)])
    few, more, other = (
        set(drawn(tmp_path / name, found, size, seed))
        for name, size, seed in (("few", 10, 7), ("more", 20, 7), ("other", 10, 8))
    )
    assert few < more and few != other


def test_the_file_has_a_line_for_each_negative(tmp_path):
    sample.write(tmp_path, [Drawn("q", "é", "0"), Drawn("r", "d", "1")], {"0": 4, "1": 2})
    lines = (tmp_path / sample.FILE).read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {"query_id": "q", "doc_id": "é", "stratum": "0", "size": 4}
    assert sample.read(tmp_path) == {Drawn("q", "é", "0"): 4, Drawn("r", "d", "1"): 2}


def test_without_a_file_there_is_no_sample(tmp_path):
    assert sample.read(tmp_path) == {}


PAIR = '{"query_id": "q", "doc_id": "d", "stratum": "0"'


@pytest.mark.parametrize("line", ["{", "[]", f"{PAIR}}}", f'{PAIR}, "size": "x"}}', "\xff"])
def test_a_damaged_sample_is_told(line, tmp_path):
    (tmp_path / sample.FILE).write_bytes(line.encode("latin-1"))
    with pytest.raises(DataError, match=r"audit_sample\.jsonl is damaged.*draw it again"):
        sample.read(tmp_path)
