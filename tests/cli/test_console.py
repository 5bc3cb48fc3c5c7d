"""Tables."""

from hardneg.cli.console import _add_truncation, _plain_table


def test_what_models_cut_is_a_line_of_the_summary():
    facts = {
        "dense": {
            "max_length": 64,
            "truncation": {
                "documents": {"sample": 200, "cut": 31, "text": 0.41},
                "queries": {"sample": 9, "cut": 0, "text": 0.0},
            },
        },
        "bm25": {},
    }
    table = _plain_table("a run")
    _add_truncation(table, facts)
    [name], [shown] = (list(column.cells) for column in table.columns)
    assert name == "documents cut by dense"
    assert shown == "31 of 200 (16%) at 64 tokens, 41% of the text lost"
