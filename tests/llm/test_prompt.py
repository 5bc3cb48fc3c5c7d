"""Prompts hold texts as data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardneg.core.errors import ConfigError, DataError
from hardneg.llm.prompt import Prompt, mark_of, read_prompt

PACKAGE, PLACES = "hardneg.llm.judging.prompts", ("query", "document")


def test_places_inside_the_texts_stay_as_they_are():
    prompt = Prompt("p", "Q: {query} D: {document} {other}")
    filled = prompt.fill(query="{document}", document="{query} {mark}")
    assert filled == "Q: {document} D: {query} {mark} {other}"


@given(st.text(), st.text())
def test_the_mark_stands_in_no_text_and_depends_on_nothing_else(query, document):
    mark = Prompt("p", "{mark}").fill(query=query, document=document)
    assert len(mark) == 8 and mark not in query and mark not in document
    assert mark == mark_of(query, document)


def test_a_prompt_is_read_from_a_file(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text("{query}? {document}", encoding="utf-8")
    assert read_prompt(str(file), PACKAGE, PLACES).fill(query="q", document="d") == "q? d"


def test_a_prompt_without_its_places_or_that_is_not_there_is_refused(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text("{query}", encoding="utf-8")
    with pytest.raises(ConfigError, match="has no {document}: put it"):
        read_prompt(str(file), PACKAGE, PLACES)
    with pytest.raises(ConfigError, match='unknown prompt "eng"; did you mean "en"'):
        read_prompt("eng", PACKAGE, PLACES)
    with pytest.raises(DataError, match="No such file"):
        read_prompt(str(tmp_path / "none.txt"), PACKAGE, PLACES)
