"""Four queries a person can follow: two positives, a missing score, no negatives, three negatives."""

import json

import pyarrow.parquet as pq

from hardneg.core.components import FORMATS
from hardneg.core.records import Example, Scored

NAN = float("nan")


class Again:
    """Examples that can be iterated more than once, as the pipeline's can; fails after `fail_at` of them."""

    def __init__(self, examples, fail_at=None):
        self.examples, self.fail_at = examples, fail_at

    def __iter__(self):
        for number, example in enumerate(self.examples):
            if number == self.fail_at:
                raise RuntimeError("the source broke")
            yield example


def doc(number, score, title="", weight=1.0):
    return Scored(f"d{number}", title, f"text {number}", score, weight)


EXAMPLES = [
    Example(
        "q1",
        "что такое ёж?",
        [doc(1, 0.9, title="Ёж"), doc(2, 0.8)],
        [doc(3, 0.7, weight=0.5), Scored("d4", "", "two\nlines\u2028three", 0.6)],
    ),
    Example("q2", "second", [doc(5, NAN)], [doc(6, 0.5), doc(3, NAN)]),
    Example("q3", "third", [doc(7, 0.9)], []),
    Example("q4", "fourth", [doc(8, 0.4)], [doc(1, 0.3, title="Ёж")]),
]


def rows(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    return [json.loads(line) for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n")]


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def graded(examples, grades):
    """Returns examples whose documents have the grades, by id."""
    return [
        example._replace(
            **{
                kind: [doc._replace(grade=grades.get(doc.doc_id)) for doc in getattr(example, kind)]
                for kind in ("positives", "negatives")
            }
        )
        for example in examples
    ]


HEDGEHOG, FOURTH = "Ёж text 1", "two\nlines\u2028three"


QUERY = "что такое ёж?"


def write(given, tmp_path, examples=EXAMPLES, name=None):
    form = FORMATS.make(given)
    out = tmp_path / (name or f"train{form.suffix}")
    written = form.write(Again(examples), out)
    form.lint(out)
    return written


def written_rows(given, tmp_path, examples=EXAMPLES):
    return rows(write(given, tmp_path, examples).files[0])
