"""Every format that can be read again gives back what was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardneg.core.components import FORMATS
from hardneg.core.errors import HardnegError
from hardneg.core.records import Example, Scored
from hardneg.sources import LoadOptions, load
from tests.fuzz import IDS, TEXTS, fuzzed
from tests.fuzz.test_loaders import judged

NOT_READ = ("nemo", "trec")  # docs/sources.md says so
READ = [name for name in FORMATS.names() if name not in NOT_READ]


@st.composite
def examples(draw):
    """Two queries with a positive and two negatives each; all texts differ, also in case and spacing."""
    texts = draw(st.lists(TEXTS.map(str.strip), min_size=8, max_size=8))
    ids = draw(st.lists(IDS, min_size=8, max_size=8, unique=True))
    scored = [Scored(ids[n], "", f"{texts[n]} {n}", 0.5, 0.25) for n in range(8)]
    return [
        Example(ids[place], scored[place].text, scored[place + 1 : place + 2], scored[place + 2 : place + 4])
        for place in (0, 4)
    ]


@pytest.mark.parametrize("name", READ)
@fuzzed
@given(written=examples())
def test_what_was_exported_is_read_again(name, written, tmp_path):
    form = FORMATS.make(name)
    out = tmp_path / f"train{form.suffix}"
    form.write(written, out)
    form.lint(out)
    said = {(e.query, doc.full, 1) for e in written for doc in e.positives}
    said |= {(e.query, doc.full, 0) for e in written for doc in e.negatives}
    found = load(str(out), LoadOptions(split="all"))
    assert judged(found) | scored_alone(found) == said


def scored_alone(found):
    """(query, document, 0) of what a scored set lists and judges not relevant nowhere: its negatives."""
    pairs = set()
    for scores in found.scores.values():
        for query in range(len(found.queries)):
            [text] = found.queries.texts([query])
            listed = set(scores.of(query)[0].tolist()) - set(found.judgments.positives(query).tolist())
            pairs |= {(text, document, 0) for document in found.documents.texts(sorted(listed))}
    return pairs


@pytest.mark.parametrize("name", NOT_READ)
@fuzzed
@given(written=examples())
def test_what_is_not_read_again_is_written_whole_or_refused(name, written, tmp_path):
    form = FORMATS.make(name)
    out = tmp_path / f"train{form.suffix}"
    try:
        form.write(written, out)
    except HardnegError as error:
        assert "white space" in str(error)
        return
    form.lint(out)
