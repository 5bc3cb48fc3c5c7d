"""Input that nobody meant: what is read is what was there, or one line says what is wrong.

`HARDNEG_FUZZ=5000 python -m pytest tests/fuzz` looks as often at each property; the suite looks 40 times.
"""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

fuzzed = settings(
    max_examples=int(os.environ.get("HARDNEG_FUZZ", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

ODD = [
    "\t",
    "\x00",
    "\x0b",
    "\x1c",
    "\x85",
    "\u2028",
    "\ufeff",
    "\u200b",
    "\xa0",
    '"',
    "'",
    ",",
    "\\",
    "İ",
    "ﬁ",
    "🧿",
]
CHARACTERS = st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"]))
TEXTS = st.text(CHARACTERS, max_size=12).filter(str.strip)
IDS = st.text(
    st.one_of(st.sampled_from(["\x85", "\u2028", "\xa0", "/", ".", ",", '"']), CHARACTERS),
    min_size=1,
    max_size=8,
).filter(lambda name: name.strip() and all(letter >= " " for letter in name))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def mangled(content: bytes) -> st.SearchStrategy[bytes]:
    """Returns what may become of a file: cut off, bytes put in, taken out or changed, another encoding."""
    places = st.integers(0, len(content))
    spliced = st.tuples(places, st.integers(0, 4), st.binary(max_size=4)).map(
        lambda cut: content[: cut[0]] + cut[2] + content[cut[0] + cut[1] :]
    )
    text = content.decode()
    encodings = st.sampled_from(["utf-16", "utf-16-le", "utf-8-sig", "latin-1", "cp1251", "utf-32"])
    recoded = encodings.map(lambda name: text.encode(name, "replace"))
    return st.one_of(spliced, places.map(lambda end: content[:end]), recoded, st.binary(max_size=60))
