"""Progress bars."""

from types import SimpleNamespace

import pytest

from hardneg.cli.console import _add_truncation, _Bar, _plain_table


@pytest.mark.parametrize(
    ("speed", "expected"),
    [(1_234.5, ["1,234 documents/s"]), (1.0, ["1 documents/s"]), (0.05, ["20 s each"]), (None, [])],
)
def test_the_rate_beside_a_bar_is_never_zero(speed, expected):
    rates = []
    bars = SimpleNamespace(
        advance=lambda number, steps: None,
        tasks=[SimpleNamespace(speed=speed)],
        update=lambda number, rate: rates.append(rate),
    )
    _Bar(bars, 0, "documents").advance(3)
    assert rates == expected


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
