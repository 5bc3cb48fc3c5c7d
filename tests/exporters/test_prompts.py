"""The prompts of single queries: apart from the text where a format has a place for them, else counted."""

import pytest

from hardneg.core.components import FORMATS
from hardneg.exporters.export import export
from hardneg.exporters.weights import left_out_notes, prompts_note

from .tiny import EXAMPLES, Again, rows, written_rows

PROMPTED = [
    each._replace(prompt=how) for each, how in zip(EXAMPLES, ("Find:", "", "Do:", "Go:"), strict=True)
]


def test_flagembedding_has_a_prompt_in_every_row_or_in_none(tmp_path):
    """A missing one among others would become the word None in FlagEmbedding's query."""
    (tmp_path / "none").mkdir()
    found = written_rows("flagembedding", tmp_path, PROMPTED)
    assert [row["prompt"] for row in found] == ["Find:", "", "Go:"] and found[0]["query"] == EXAMPLES[0].query
    assert not any("prompt" in row for row in written_rows("flagembedding", tmp_path / "none"))
    one = {"flagembedding": {"prompt": "All:"}}
    assert {row["prompt"] for row in written_rows(one, tmp_path, PROMPTED)} == {"All:"}


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_own_records_have_a_column_of_them(tmp_path, form):
    (tmp_path / "none").mkdir()
    assert [row["prompt"] for row in written_rows(form, tmp_path, PROMPTED)] == ["Find:", "", "Do:", "Go:"]
    assert not any("prompt" in row for row in written_rows(form, tmp_path / "none"))


def test_ms_swift_has_them_as_the_system(tmp_path):
    found = written_rows({"ms-swift": {"split_positives": False}}, tmp_path, PROMPTED)
    assert [row["messages"][0] for row in found[:2]] == [
        {"role": "system", "content": "Find:"},
        {"role": "user", "content": "second"},
    ]


def test_other_formats_count_what_they_leave_out_and_say_so(tmp_path):
    out = tmp_path / "train.jsonl"
    written = export(Again(PROMPTED), FORMATS.make("sentence-transformers-labeled-pair"), out)
    assert written["notes"]["prompts_left_out"] == 3
    assert rows(out)[0]["anchor"] == EXAMPLES[0].query
    assert prompts_note(written).startswith(
        "the format sentence-transformers-labeled-pair has no place for prompts: 3 queries have one in the"
    )
    assert len(left_out_notes(written)) == 2  # the other is of weights
    kept = export(Again(PROMPTED), FORMATS.make("jsonl"), out)
    assert "prompts_left_out" not in kept["notes"] and prompts_note(kept) is None
