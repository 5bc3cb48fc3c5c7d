"""What becomes of weights in a format that carries none."""

import pytest

from hardneg.core.components import FORMATS
from hardneg.exporters.weights import CountedExamples, left_out, weights_note

from .tiny import EXAMPLES


def test_one_pass_counts_the_documents_that_weigh_less_than_one():
    counted = CountedExamples(EXAMPLES)
    for _ in range(2):  # counted anew
        list(counted)
        assert counted.below_one == 1


@pytest.mark.parametrize(
    ("form", "lost"),
    [
        ("sentence-transformers-triplet", {"weights_left_out": 1}),
        ("sentence-transformers-labeled-list", {"weights_left_out": 1}),
        ({"sentence-transformers-labeled-list": {"labels": "probability"}}, {}),
        ({"flagembedding": {"scores": "probability"}}, {}),
        ("jsonl", {}),
        ("trec", {}),
    ],
)
def test_only_formats_without_weights_lose_them(form, lost):
    counted = CountedExamples(EXAMPLES)
    list(counted)
    assert left_out(counted, FORMATS.make(form)) == lost


def test_the_note_names_the_format_and_the_option():
    note = weights_note({"format": {"pylate": {}}, "notes": {"weights_left_out": 1200}})
    assert note.startswith("the format pylate carries no weights: 1,200 documents")
    assert "--set select.attenuate=true" in note
    assert weights_note({"format": "pylate", "notes": {}}) is None
