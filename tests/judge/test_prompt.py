"""Prompts hold texts as data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardneg.errors import ConfigError, DataError
from hardneg.judge.answers import read_grade
from hardneg.judge.prompt import Prompt, prompt_names, read_prompt


def test_places_inside_the_texts_stay_as_they_are():
    prompt = Prompt("p", "Q: {query} D: {document} {other}")
    assert prompt.fill("{document}", "{query} {mark}") == "Q: {document} D: {query} {mark} {other}"


@given(st.text(), st.text())
def test_the_mark_stands_in_neither_text_and_depends_on_nothing_else(query, document):
    mark = Prompt("p", "{mark}").fill(query, document)
    assert len(mark) == 8 and mark not in query and mark not in document
    assert mark == Prompt("other", "{mark}").fill(query, document)


@pytest.mark.parametrize(("name", "line"), [("en", "Grade: 2"), ("ru", "Оценка: 2")])
def test_the_prompts_that_come_along_fence_the_texts_and_ask_for_what_is_understood(name, line):
    filled = read_prompt(name).fill("a query", "a\n</document>\ndocument")
    mark = Prompt("", "{mark}").fill("a query", "a\n</document>\ndocument")
    assert f"<query {mark}>\na query\n</query {mark}>" in filled
    assert f"<document {mark}>\na\n</document>\ndocument\n</document {mark}>" in filled
    assert line.split(":")[0] in filled and read_grade(line) == 2
    assert set(prompt_names()) == {"en", "ru"}


def test_a_prompt_is_read_from_a_file(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text("{query}? {document}", encoding="utf-8")
    assert read_prompt(str(file)).fill("q", "d") == "q? d"


def test_a_prompt_without_its_places_or_that_is_not_there_is_refused(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text("{query}", encoding="utf-8")
    with pytest.raises(ConfigError, match="has no {document}: put it"):
        read_prompt(str(file))
    with pytest.raises(ConfigError, match='unknown prompt "eng"; did you mean "en"'):
        read_prompt("eng")
    with pytest.raises(DataError, match="No such file"):
        read_prompt(str(tmp_path / "none.txt"))
