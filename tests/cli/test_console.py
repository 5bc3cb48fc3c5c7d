"""Progress bars."""

from types import SimpleNamespace

import pytest

from hardneg.cli.console import _Bar


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
