"""What ids and texts may hold, and the error for an id of two texts."""

from hardneg.sources.ids import clean_text, given_twice, has_controls, is_broken


def test_texts_that_differ_late_are_shown_where_they_differ():
    same = "the same words again and again " * 3
    error = str(given_twice("document", "d", "texts", f"{same}but amber", f"{same}but birch", "x:2"))
    assert (
        "with different texts: ...'again and again but amber' and ...'again and again but birch'; keep"
        in error
    )


def test_broken_characters_are_replaced():
    assert clean_text(" a\ud800 ") == "a?" and is_broken("a\ud800") and not is_broken("ä")
    assert has_controls("a\u0085") and not has_controls("a b")
