"""Rows of ms-swift's messages."""

from .tiny import FOURTH, QUERY, rows, write, written_rows


def test_ms_swift(tmp_path):
    written = write("ms-swift", tmp_path)
    assert written.rows == 4
    assert rows(written.files[0])[1] == {
        "messages": [{"role": "user", "content": QUERY}],
        "positive_messages": [[{"role": "assistant", "content": "text 2"}]],
        "negative_messages": [
            [{"role": "assistant", "content": "text 3"}],
            [{"role": "assistant", "content": FOURTH}],
        ],
    }


def test_ms_swift_options(tmp_path):
    form = {"ms-swift": {"split_positives": False, "system": "Judge."}}
    first = written_rows(form, tmp_path)[0]
    assert first["messages"][0] == {"role": "system", "content": "Judge."}
    assert [len(first["positive_messages"]), len(first["negative_messages"])] == [2, 2]
