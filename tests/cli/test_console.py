"""Tables."""

import pytest

from hardneg.cli.console import _add_chunks, _add_truncation, _plain_table, audit_table


@pytest.mark.parametrize(("documents", "of"), [(200, "200"), (201, "a sample of 200")])
def test_what_models_cut_is_a_line_of_the_summary(documents, of):
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
    _add_truncation(table, facts, {"documents": documents, "queries": 9})
    [name], [shown] = (list(column.cells) for column in table.columns)
    assert name == "documents cut by dense"
    assert shown == f"31 of {of} (16%) at 64 tokens, 41% of the text lost"


def test_how_documents_were_cut_is_a_line_of_the_summary():
    table = _plain_table("a run")
    _add_chunks(table, {"longer": 1_540, "documents": 3_000, "tokens": 256, "chunks": 5_781})
    _add_chunks(table, {})
    [name], [shown] = (list(column.cells) for column in table.columns)
    assert (name, shown) == ("documents cut", "1,540 of 3,000 at 256 tokens, 5,781 chunks")


def test_an_audit_says_how_well_the_probabilities_discriminate():
    audit = {"estimates": {}, "hardness": {"score": 0.5}, "by": {}, "trade_off": [], "target": None}
    table = audit_table({**audit, "discrimination": {"auc": 0.8123, "auc_first_20": None}})
    names, shown = (list(column.cells) for column in table.columns)
    assert (names, shown) == (["mean score", "AUC of the probabilities"], ["0.500", "0.812"])
