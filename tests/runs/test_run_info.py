"""What run.json must hold."""

import copy

import pytest

from hardneg.runs.run_info import check
from tests.runs.made import BEGUN, FINISHED


def changed(info, path, value):
    info = copy.deepcopy(info)
    *parents, last = path.split(".")
    place = info
    for step in parents:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return info


def test_a_run_that_is_begun_or_finished_passes():
    check(BEGUN)
    check(FINISHED)
    check({**FINISHED, "warnings": [], "command": "hardneg mine", "export": {"files": ["a"], "rows": 1}})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("fingerprint", ...), ("collection.digest", 5), ("recipe.rank.rankers", {}), ("recipe.seed", "1"),
        ("recipe.select.by", ...), ("rankers.bm25", []), ("validation.validators", ...), ("source", 1),
        ("counts", ...), ("counts.dropped.surplus", 0.5), ("short", []), ("seconds.rank", "long"),
        ("finished", "yes"),
    ],
)  # fmt: skip
def test_a_field_that_is_missing_or_of_another_type_is_named(path, value):
    with pytest.raises(ValueError, match=f"^{path}: ") as caught:
        check(changed(FINISHED, path, value))
    assert "\n" not in str(caught.value)


def test_a_run_that_is_begun_needs_no_counts():
    check(changed(FINISHED, "counts", ...) | {"finished": False})
