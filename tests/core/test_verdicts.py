"""Verdicts on disk: the last word stands, and a kill loses nothing."""

import json
import multiprocessing

import pytest

from hardneg.core import verdicts
from hardneg.core.errors import DataError
from hardneg.core.verdicts import Judged, Verdict

YES, NO, UNSURE, WITHDRAWN = Verdict.RELEVANT, Verdict.NOT_RELEVANT, Verdict.UNSURE, Verdict.WITHDRAWN


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / verdicts.FILE


def test_a_file_that_is_not_there_is_empty(path):
    assert verdicts.read(path) == []


def test_what_is_appended_is_read_back(path):
    said = [Judged("q1", "d\u2028é\n", YES, "anna", "2026-01-02"), Judged("q2", "d2", NO, "llm:x")]
    for one in said:
        verdicts.append(path, one)
    assert verdicts.read(path) == said


def test_the_last_word_of_each_judge_stands(path):
    for judge, verdict in (("anna", YES), ("boris", YES), ("anna", NO), ("boris", WITHDRAWN)):
        verdicts.append(path, Judged("q1", "d1", verdict, judge))
    assert verdicts.read(path) == [Judged("q1", "d1", NO, "anna")]


def test_relevance_is_the_share_of_those_who_are_sure():
    said = [Judged("q", "d", v, j) for v, j in ((YES, "a"), (NO, "b"), (YES, "c"), (UNSURE, "d"))]
    assert verdicts.relevance([*said, Judged("q", "e", UNSURE, "a")]) == {("q", "d"): 2 / 3}
    assert dict(verdicts.by_judge(said))["d"] == {("q", "d"): UNSURE}


@pytest.mark.parametrize("size", [3, 9000])
def test_what_a_kill_left_unfinished_is_passed_over_and_cut_off(path, size):
    verdicts.append(path, Judged("q1", "d1", YES, "anna"))
    with path.open("ab") as file:
        file.write(b'{"' + b"q" * size)
    assert len(verdicts.read(path)) == 1
    verdicts.append(path, Judged("q2", "d2", NO, "anna"))
    assert [judged.query_id for judged in verdicts.read(path)] == ["q1", "q2"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "broken JSON"),
        ("[1]", "expected an object"),
        ('{"query_id": "q", "doc_id": "d", "verdict": "yes", "judge": "a"}', "verdict 'yes' is unknown"),
        ('{"query_id": "q", "doc_id": 7, "verdict": "relevant", "judge": "a"}', '"doc_id" is missing'),
    ],
)
def test_a_broken_line_is_named(path, line, says):
    verdicts.append(path, Judged("q1", "d1", YES, "anna"))
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=f"jsonl:2: .*{says}"):
        verdicts.read(path)


def test_lines_are_arranged_by_pair_and_those_of_others_keep_their_places(path):
    said = [
        Judged("q3", "d", NO, "llm:x", "1"),
        Judged("q1", "d", YES, "anna", "2"),
        Judged("q2", "d", YES, "llm:x", "3"),
        Judged("q9", "d", YES, "llm:x", "4"),
        Judged("q3", "d", YES, "llm:x", "5"),
        Judged("q1", "d", WITHDRAWN, "llm:x", "6"),
        Judged("q1", "d", NO, "llm:y", "7"),
    ]
    for one in said:
        verdicts.append(path, one)
    path.write_bytes(path.read_bytes().replace(b'"time": "5"', b'"time": "5", "note": "\xd0\xb4\xd0\xb0"'))
    stands = sorted(verdicts.read(path))
    pairs = [(f"q{n}", "d") for n in (1, 2, 3)]
    verdicts.arrange(path, ["llm:x", "llm:y"], pairs)
    times = [json.loads(line)["time"] for line in path.open(encoding="utf-8")]
    assert times == ["6", "2", "7", "4", "3", "1", "5"]
    assert json.loads(path.read_bytes().splitlines()[-1])["note"] == "да"
    assert sorted(verdicts.read(path)) == stands
    before = path.stat().st_ino
    verdicts.arrange(path, ["llm:x", "llm:y"], pairs)
    assert path.stat().st_ino == before  # what is in order is not written anew


def test_a_file_that_is_not_there_is_not_made_by_arranging_it(path):
    verdicts.arrange(path, ["llm:x"], [("q", "d")])
    assert not path.exists()


def append_many(path, judge, count):
    for number in range(count):
        verdicts.append(path, Judged(f"q{number}", "d" * 3000, YES, judge))


def arrange_many(path, count):
    for number in range(count):
        pairs = [(f"q{n}", "d" * 3000) for n in range(40)]
        verdicts.arrange(path, ["judge 0", "judge 1"], pairs if number % 2 else pairs[::-1])


def test_several_processes_append_to_one_file_that_another_arranges(path):
    path.parent.mkdir()
    path.write_bytes(b'{"query_id": "q0", "doc')  # what a kill has left
    spawn = multiprocessing.get_context("fork")
    writers = [spawn.Process(target=append_many, args=(path, f"judge {n}", 40)) for n in range(4)]
    writers.append(spawn.Process(target=arrange_many, args=(path, 40)))
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    said = dict(verdicts.by_judge(verdicts.read(path)))
    assert {judge: len(own) for judge, own in said.items()} == {f"judge {n}": 40 for n in range(4)}
    assert len(path.read_bytes().splitlines()) == 160


def test_partial_counts_half_and_grades_are_averaged(path):
    partial = Verdict.PARTIAL
    said = [
        Judged("q", "d", partial, "a", grade=2),
        Judged("q", "d", YES, "b", grade=3),
        Judged("q", "d", NO, "c"),
    ]
    for one in said:
        verdicts.append(path, one)
    assert verdicts.read(path) == said
    assert verdicts.relevance(said) == {("q", "d"): 0.5}
    assert verdicts.mean_grades(said) == {("q", "d"): 2.5}


@pytest.mark.parametrize("grade", [4, -1, 1.5, True, "2"])
def test_a_grade_that_is_none_is_one_line(path, grade):
    path.parent.mkdir()
    row = {"query_id": "q", "doc_id": "d", "verdict": "relevant", "judge": "a", "grade": grade}
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=r":1: grade .* expected a whole number from 0 to 3, or none"):
        verdicts.read(path)
