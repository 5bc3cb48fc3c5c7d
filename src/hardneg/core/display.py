"""Texts that others wrote, as a terminal or a message may show them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LONG_WORD = re.compile(r"\S{320,}")
_LEFT = 120  # characters at each end of a word that is cut


def printable(text: str, longest: int | None = None) -> str:
    """Returns a text on one line that a terminal only shows: see `visible`; cut at `longest` characters."""
    line = visible(" ".join(text.split()))
    return line if longest is None or len(line) <= longest else f"{line[:longest]}..."


def counted(number: int, unit: str) -> str:
    """Returns a number with its unit, as `1 query` or `2 queries`."""
    many = f"{unit[:-1]}ies" if unit.endswith("ry") else f"{unit}s"
    return f"{number:,} {unit if number == 1 else many}"


def counts(numbers: Mapping[str, int]) -> str:
    """Returns names with their numbers, the greatest first, none of 0, as `boilerplate 15, too short 1`."""
    order = sorted((-number, name) for name, number in numbers.items() if number)
    return ", ".join(f"{name.replace('_', ' ')} {-number:,}" for number, name in order)


def visible(text: str) -> str:
    """Returns a text whose control characters, as of terminals, are escaped, but for line ends and tabs."""
    return _UNSEEN.sub(lambda match: match[0] if match[0] in "\n\t" else _escape(match[0]), text)


def message(text: str, longest: int = 4000) -> str:
    """Returns an error's message on one line, endless ids cut in their middle."""
    line = _LONG_WORD.sub(lambda word: f"{word[0][:_LEFT]}...{word[0][-_LEFT:]}", printable(text))
    half = longest // 2
    return line if len(line) <= longest else f"{line[:half]} ... {line[-half:]}"


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def squeezed(ranker: str, low: float, high: float) -> str:
    """Returns what to say where a loss learns margins from scores that lie between 0 and 1."""
    return (
        f"the scores of {ranker} lie between 0 and 1 ({low:.2g} to {high:.2g}): if they are probabilities, a "
        "loss that learns the teacher's margins sees hardly any"
    )
