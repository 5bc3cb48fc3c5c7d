from __future__ import annotations

import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, load
from hardneg.sources.stdlib import read_stdlib as read

MODULE = '''
class Box:
    """A box that holds things.  Boxes are strong.

    More about boxes.
    """

    size = 1

    def open(self):
        """Open the lid of the box."""
        return self.size

    @property
    def lid(self):
        return 1

    @lid.setter
    def lid(self, value):
        "Open the lid of the box!"


def tiny(): """Too few words."""

def shown(x):
    """Return all that is asked."""
    # return all that is asked
    return x

if True:
    def inner():
        """inner(x) -> a signature of old."""
        def not_listed():
            """A function in a function."""
'''


@pytest.fixture
def library(tmp_path, monkeypatch, write):
    write("box.py", MODULE)
    write("pack/__init__.py", "def top():\n    'Be the top of all.'\n")
    write("test/left_out.py", MODULE)
    write("broken.py", "def (:\n")
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))


@pytest.fixture(scope="module")
def whole():
    return read(LoadOptions(split="all"))


def test_a_small_library(library, contents):
    read = contents(load("stdlib", LoadOptions(split="all")))

    positives = {read["queries"][query]: set() for query, _, _ in read["judgments"]}
    for query, doc, _ in read["judgments"]:
        positives[read["queries"][query]].add(doc)
    assert positives == {
        "A box that holds things.": {"box.Box"},
        "Open the lid of the box.": {"box.Box.open"},
        "Open the lid of the box!": {"box.Box.lid:2"},
        "Be the top of all.": {"pack.top"},
    }
    assert list(read["documents"]) == [
        "box.Box",
        "box.Box.open",
        "box.Box.lid",
        "box.Box.lid:2",
        "box.tiny",
        "box.shown",
        "box.inner",
        "pack.top",
    ]
    assert read["documents"]["box.Box.open"] == "box.Box.open def open(self):\n    return self.size"


def test_thousands_of_documents_and_queries(whole):
    assert len(whole.documents) > 5_000 and len(whole.queries) > 3_000
    assert whole.documents.rows(["shutil.copyfile", "json.decoder.JSONDecoder.decode"]).min() >= 0
    assert whole.documents.rows(["test.support.run_unittest", "idlelib.run.main"]).max() == -1


def test_no_positive_repeats_its_query(whole):
    judged = whole.judgments
    for query, text in enumerate(whole.queries.texts(range(len(whole.queries)))):
        for positive in whole.documents.texts(judged.positives(query)):
            assert text.casefold() not in " ".join(positive.split()).casefold()


def test_the_splits_part_the_whole(library, write):
    write("many.py", "".join(f"def f{n}():\n    'Return the number {n}.'\n" for n in range(500)))
    whole, train, test = (read(LoadOptions(split=split)) for split in ("all", "train", "test"))
    queries, trained, tested = (
        set(part.queries.ids(range(len(part.queries)))) for part in (whole, train, test)
    )

    assert trained | tested == queries and not trained & tested
    assert 0.15 < len(tested) / len(queries) < 0.25
    assert train.documents.table.equals(test.documents.table)


def test_a_split_that_is_not_there():
    with pytest.raises(DataError, match=r'^stdlib: there is no split "dev"; splits found: train, test, all$'):
        load("stdlib", LoadOptions(split="dev"))


def test_an_interpreter_without_sources(tmp_path, monkeypatch):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))

    with pytest.raises(DataError, match=r"^stdlib: there are no documents$"):
        load("stdlib")
