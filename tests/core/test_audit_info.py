"""audit.json is read as it was written, or refused by name."""

import json

import pytest

from hardneg.core import audit_info
from hardneg.core.errors import DataError

ESTIMATE = {"method": "calibrated", "rate": 0.02, "low": 0.01, "high": 0.04, "confidence": 0.95, "judged": 9}
POINT = {
    "setting": "select.rules.relative-margin.margin",
    "threshold": 0.05,
    "hardness": None,
    "negatives": 4,
}
AUDIT = {
    **ESTIMATE,
    "notes": [],
    "estimates": {"calibrated": {**ESTIMATE, "notes": []}},
    "hardness": {"score": 0.5, "rank": None},
    "by": {"rank": {"1-10": {"rate": 0.02, "low": 0.01, "high": 0.04, "count": 4}}},
    "trade_off": [{**POINT, "rate": 0.02, "low": 0.01, "high": 0.04}],
    "target": None,
    "run": "abc",
}


def test_an_audit_is_read_as_it_was_written(tmp_path):
    assert audit_info.read(tmp_path) is None
    (tmp_path / "audit.json").write_text(json.dumps(AUDIT))
    assert audit_info.read(tmp_path) == AUDIT


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"rate": float("nan")}, "NaN is no number; "),
        ({"high": 1.5}, "high: "),
        ({"trade_off": [POINT]}, r"trade_off\.0\.rate: "),
        ({"by": {"rank": {"1-10": {"rate": "x"}}}}, r"by\.rank\.1-10\.rate: "),
    ],
)
def test_a_changed_audit_is_refused_by_the_name_of_the_field(change, named, tmp_path):
    (tmp_path / "audit.json").write_text(json.dumps({**AUDIT, **change}))
    with pytest.raises(DataError, match=rf"audit\.json is damaged: {named}.* run hardneg audit again"):
        audit_info.read(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_what_is_no_audit_is_refused(text, tmp_path):
    (tmp_path / "audit.json").write_text(text)
    with pytest.raises(DataError, match=r"audit\.json is damaged"):
        audit_info.read(tmp_path)
