import pytest

from hardneg.sources.label_names import BEGINS, NAMES, leak_of, without_name


@pytest.mark.parametrize(
    ("text", "label", "leak"),
    [
        ("[Sports] The match was lost", "sports", BEGINS),
        ("card payment: it failed", "card_payment", BEGINS),
        ("Why did my Card-Payment fail?", "card_payment", NAMES),
        ("The sportsman lost", "sports", None),
        ("sportsman", "sports", None),
        ("type 1 diabetes", "1", None),
        ("все о спорте: спорт", "Спорт", NAMES),
        ("c is a language", "C++", BEGINS),
        ("(a|b) is code", "(a|b)", BEGINS),
        ("", "sports", None),
    ],
)
def test_how_a_text_tells_its_class(text, label, leak):
    assert leak_of(text, label) == leak


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("[Sports] The match", "The match"),
        ("SPORTS: sports day", "sports day"),
        ("All sports", "All sports"),
        ("sportsman", "sportsman"),
        ("sports", ""),
    ],
)
def test_a_name_is_cut_where_a_text_begins_with_it(text, left):
    assert without_name(text, "sports") == left


def test_a_number_is_no_name():
    assert without_name("1 is a number", "1") == "1 is a number"
