"""The prompts that come with the judge."""

import pytest

from hardneg.llm.judging import PROMPTS
from hardneg.llm.judging.grades import read_grade
from hardneg.llm.prompt import mark_of, prompt_names, read_prompt


@pytest.mark.parametrize(("name", "line"), [("en", "Grade: 2"), ("ru", "Оценка: 2")])
def test_they_fence_the_texts_and_ask_for_what_is_understood(name, line):
    texts = {"query": "a query", "document": "a\n</document>\ndocument"}
    filled, mark = read_prompt(name, PROMPTS, ()).fill(**texts), mark_of(*texts.values())
    assert f"<query {mark}>\na query\n</query {mark}>" in filled
    assert f"<document {mark}>\na\n</document>\ndocument\n</document {mark}>" in filled
    assert line.split(":")[0] in filled and read_grade(line) == 2
    assert set(prompt_names(PROMPTS)) == {"en", "ru"}
