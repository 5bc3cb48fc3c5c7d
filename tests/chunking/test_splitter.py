"""Texts are cut at the ends of paragraphs and sentences; nothing is lost, and no chunk is too long."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardneg.chunking import splitter
from hardneg.chunking.splitter import Chunk, Splitter, TokenCounter
from hardneg.core.errors import ConfigError, DataError, MissingExtra
from hardneg.core.records import full_text
from tests.chunking.counting import letters, words

ENGLISH = (
    "Ada Lovelace was an English mathematician. She wrote a program in 1843, for a machine that was never "
    "built.\n\nThe machine was Babbage's. He called it the Analytical Engine. Lardner praised it."
)
RUSSIAN = (
    "Софья Ковалевская родилась в Москве. Она стала первой женщиной-профессором математики! Училась ли она у "
    "Вейерштрасса? Да, четыре года."
)
CHINESE = (
    "祖冲之是南北朝的数学家。他算出圆周率在三点一四一五九二六和三点一四一五九二七之间！"
    "这个结果领先世界近千年。"
)


def cut(text, tokens, title="", overlap=0, counter=None):
    counter = counter or words()
    chunks = Splitter(counter, tokens, overlap).cut(title, text)
    assert all(counter.length(full_text(each.title, each.text)) <= tokens for each in chunks)
    return chunks


def texts(chunks):
    return [chunk.text for chunk in chunks]


def without_spaces(text):
    return "".join(text.split())


def test_tokens_are_counted_with_the_prompt_and_special_tokens_whatever_the_tokenizer_s_own_limit():
    assert words().length("one two three") == 5  # and two special tokens
    assert words("passage: ").length("one two three") == 7
    assert words().lengths([" ".join("ab"), " ".join("abcdefghijkl"), ""]).tolist() == [4, 14, 2]


def test_paragraphs_stay_together_where_they_fit():
    assert texts(cut(ENGLISH, 30)) == ENGLISH.split("\n\n")


def test_sentences_stay_together_where_paragraphs_do_not_fit():
    assert texts(cut(ENGLISH, 20)) == [
        "Ada Lovelace was an English mathematician.",
        "She wrote a program in 1843, for a machine that was never built.",
        "The machine was Babbage's. He called it the Analytical Engine. Lardner praised it.",
    ]
    assert texts(cut(ENGLISH, 17))[2:] == [
        "The machine was Babbage's. He called it the Analytical Engine.",
        "Lardner praised it.",
    ]


@pytest.mark.parametrize(
    ("text", "ends"), [(RUSSIAN, ".!?"), (CHINESE, "。！")], ids=["Russian", "Chinese without spaces"]
)
def test_sentences_of_other_languages(text, ends):
    chunks = cut(text, 32 if text is CHINESE else 12)
    assert len(chunks) == 4 - (text is CHINESE) and all(part[-1] in ends for part in texts(chunks))
    assert without_spaces("".join(texts(chunks))) == without_spaces(text)
    assert all(text[each.start :].startswith(each.text) for each in chunks)


def test_windows_line_ends_part_paragraphs():
    text = "One is here.\r\nTwo is here.\r\n\r\nThree is here.\r\nFour is here."
    assert texts(cut(text, 10)) == ["One is here.\r\nTwo is here.", "Three is here.\r\nFour is here."]


def test_a_text_without_sentences_is_cut_between_words():
    text = " ".join(f"word{n}" for n in range(20))
    assert texts(cut(text, 7)) == [" ".join(f"word{n}" for n in range(i, i + 5)) for i in range(0, 20, 5)]


def test_a_word_that_is_too_long_is_cut_between_letters():
    chunks = cut("ab " + "x" * 23 + " cd", 12, counter=letters())
    assert "".join(texts(chunks)).replace("ab", "").replace("cd", "").strip() == "x" * 23
    assert all(len(part) <= 10 for part in texts(chunks))


def test_each_chunk_has_the_title_which_counts():
    chunks = cut("One is here. Two is here. Three is here.", 9, title="My title")
    # 2 special tokens, 2 of the title and 5 of the text, of which a sentence has 4
    assert chunks == [
        Chunk(0, "My title", "One is here."),
        Chunk(13, "My title", "Two is here."),
        Chunk(26, "My title", "Three is here."),
    ]


def test_a_title_of_more_than_half_of_the_tokens_is_cut_as_the_text_is():
    title, text = "a b c d e f g h i j k l", "One is here. Two is here."
    chunks = cut(text, 10, title=title)
    assert {each.title for each in chunks} == {""}
    whole = f"{title} {text}"
    assert without_spaces("".join(texts(chunks))) == without_spaces(whole)
    assert all(whole[each.start :].startswith(each.text) for each in chunks)


def test_a_title_alone_may_be_too_long():
    assert texts(cut("", 6, title="a b c d e f g h")) == ["a b c d", "e f g h"]


def test_chunks_overlap_by_whole_sentences():
    text = " ".join(f"Sentence {n} is here." for n in range(6))  # 5 tokens each
    plain, overlapping = cut(text, 12, title="t"), cut(text, 13, title="t", overlap=5)
    assert len(plain) == 6
    parts = texts(overlapping)
    assert parts[0] == "Sentence 0 is here. Sentence 1 is here."
    assert parts[1] == "Sentence 1 is here. Sentence 2 is here."
    assert without_spaces(text) in without_spaces(parts[0]) + "".join(
        without_spaces(part.partition(". ")[2]) for part in parts[1:]
    )


@given(
    st.text(st.sampled_from("ab .\n\r\t。字é́\u2028\u00a0"), max_size=80),
    st.integers(3, 12),
    st.integers(0, 4),
    st.sampled_from(["", "t", "a long title of words"]),
)
@settings(max_examples=200, deadline=None)
def test_no_character_is_lost_and_no_chunk_too_long(text, tokens, overlap, title):
    text = text.strip()
    if not text:
        return
    overlap = min(overlap, tokens // 2)
    chunks = cut(text, tokens, title, overlap, counter=letters())
    whole = full_text(title, text) if chunks[0].title != title else text
    covered = set()
    for each in chunks:
        assert whole[each.start : each.start + len(each.text)] == each.text
        covered |= set(range(each.start, each.start + len(each.text)))
    assert not "".join(letter for place, letter in enumerate(whole) if place not in covered).strip()


def test_too_few_tokens_for_any_text_are_refused():
    with pytest.raises(ConfigError, match="chunks of 4 tokens have no room for text: .* take 4 of them"):
        Splitter(words("passage: "), 4, 0)


def test_a_tokenizer_that_is_slow_is_refused():
    with pytest.raises(ConfigError, match='the model "m" has no fast tokenizer'):
        TokenCounter(None, "", "m")


def test_the_library_may_be_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "semantic_text_splitter", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"semantic-text-splitter is not .* 'hardneg\[chunk\]'"):
        Splitter(words(), 8, 0)


@pytest.mark.parametrize("parts", [[(0, "abc")], [(0, "abc"), (6, "f")], [(0, "abc"), (3, "xyz")]])
def test_a_library_that_loses_characters_is_not_believed(parts):
    with pytest.raises(DataError, match="its text was cut wrong near '(def|xyz)?"):
        splitter._check_whole("abcdef", parts)
