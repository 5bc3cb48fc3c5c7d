"""The examples of a training set."""

from hardneg.core.records import Example, Scored


def test_a_document_is_read_with_its_title_and_weighs_1():
    assert Scored("d", "Title", "text", 0.5).full == "Title text"
    assert Scored("d", "", "text", 0.5).full == "text"
    assert Scored("d", "", "text", 0.5).weight == 1.0


def test_an_example_has_its_parts_in_order():
    positive, negative = Scored("p", "", "yes", 0.9), Scored("n", "", "no", 0.8, 0.25)
    query_id, query, positives, negatives, prompt = Example("q", "what", [positive], [negative])
    assert (query_id, query, positives, negatives, prompt) == ("q", "what", [positive], [negative], None)
