"""Waiting and budgets."""

import datetime

import pytest

from hardneg.endpoints.chat_model import Cost
from hardneg.endpoints.client import backoff, retry_after
from hardneg.endpoints.request_queue import Budget

NOON = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)


def test_waits_double_up_to_a_minute_and_differ_by_request():
    for attempt, most in ((1, 0.5), (2, 1), (3, 2), (20, 60)):
        waits = {backoff(attempt, key) for key in "abcdefgh"}
        assert len(waits) == 8 and most / 2 <= min(waits) and max(waits) <= most
    assert backoff(3, "a") == backoff(3, "a")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7), ("1.5", 1.5), (None, 0), ("soon", 0), ("", 0), ("-3", 0),
        ("Fri, 02 Jan 2026 12:00:30 GMT", 30), ("Fri, 02 Jan 2026 11:00:00 GMT", 0),
    ],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(header, seconds):
    assert retry_after(header, NOON) == seconds


def test_a_budget_counts_what_is_reserved_until_it_is_settled():
    budget = Budget(2, 100)
    budget.reserve(Cost(1, 60))
    assert budget.lacks(Cost(1, 40)) is None
    assert budget.lacks(Cost(1, 41)) == "max_tokens"
    assert budget.lacks(Cost(2, 0)) == "max_requests"
    budget.settle(Cost(1, 60), Cost(1, 12))
    assert budget.spent == (1, 12) and budget.lacks(Cost(1, 88)) is None


def test_what_costs_nothing_always_fits_and_no_limit_is_none():
    assert Budget(0, 0).lacks(Cost()) is None
    assert Budget(0, None).lacks(Cost(1)) == "max_requests"
    assert Budget(None, None).lacks(Cost(10**9, 10**9)) is None
