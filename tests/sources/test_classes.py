"""Examples with class labels as collections."""

import json

import datasets
import numpy as np
import pytest

import hardneg
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import SAME_CLASS, Collection
from hardneg.sources import LoadOptions, load

ANIMALS = {"pet": ["a dog", "a cat", "a hamster"], "farm": ["a hen", "a cow"], "wild": ["a wolf"]}
ROWS = [{"text": text, "label": label} for label, texts in ANIMALS.items() for text in texts]


def classes(rows=ROWS, **options):
    return Collection.of(rows, kind="classes", options=LoadOptions(**options))


def positives(collection):
    """Returns the text of each query's positive by the query's text."""
    found = {}
    for query, text in enumerate(collection.queries.texts(range(len(collection.queries)))):
        [found[text]] = collection.documents.texts(collection.judgments.positives(query))
    return found


@pytest.fixture
def run_of():
    recipe = hardneg.Recipe.named("random", rankers=["random", "bm25"], negatives=3, by="bm25")
    return lambda collection: hardneg.mine(collection, recipe)


def test_the_positive_of_an_example_is_another_of_its_class():
    made = classes()
    assert len(made.documents) == 6
    found = positives(made)
    assert set(found) == {"a dog", "a cat", "a hamster", "a hen", "a cow"}
    assert set(found.values()) == set(found) and all(text != own for text, own in found.items())
    assert {found["a hen"], found["a cow"]} == {"a hen", "a cow"}
    assert made.notes == {"classes_of_one_example": 1}


def test_the_draw_depends_on_seed_and_ids_alone():
    many = [{"id": f"i{n}", "text": f"number {n}", "label": n % 2} for n in range(40)]
    drawn = positives(classes(many))
    assert drawn == positives(classes(many[::-1]))
    assert drawn != positives(classes(many, seed=7))
    more = positives(classes([*many, {"id": "new", "text": "new", "label": 0}]))
    assert sum(more[text] != own for text, own in drawn.items()) == 1


def test_other_documents_of_the_class_are_neutral_and_the_positive_is_not():
    made = classes()
    assert made.neutral.reason == SAME_CLASS
    [dog] = np.flatnonzero(np.array(made.queries.texts(range(5))) == "a dog")
    neutral = made.is_neutral(np.array([dog], np.int32), np.arange(6, dtype=np.int32)[None, :])[0]
    texts = np.array(made.documents.texts(range(6)))
    assert set(texts[neutral]) == {"a dog", "a cat", "a hamster"} - {positives(made)["a dog"]}


def test_no_negative_is_of_the_query_s_class(run_of):
    run = run_of(classes())
    label = {f"d{number}": row["label"] for number, row in enumerate(ROWS, 1)}
    table = run.candidates.to_pandas()
    negatives = table[table.decision == "negative"]
    assert len(negatives) and (negatives.query_id.map(label) != negatives.doc_id.map(label)).all()
    dropped = table[table.reason == "same_class"]
    assert len(dropped) and (dropped.query_id.map(label) == dropped.doc_id.map(label)).all()
    again = run.select(hardneg.Recipe.named("naive", rankers=["random", "bm25"], negatives=3, by="bm25"))
    assert again.info["counts"]["negatives"] == run.info["counts"]["negatives"]


def test_a_text_of_two_classes_is_neither_query_nor_negative(run_of):
    made = classes([*ROWS, {"text": "A  HEN", "label": "pet"}, {"text": "a duck", "label": "farm"}])
    assert made.notes["texts_of_several_classes"] == 1
    assert "a hen" not in positives(made) and "A  HEN" not in positives(made)
    table = run_of(made).candidates.to_pandas()
    assert set(table[table.doc_id.isin(["d4", "d7"])].reason) == {"same_class"}


def test_copies_within_a_class_are_no_pairs():
    made = classes([*ROWS, {"text": "a dog", "label": "pet"}, {"text": "A DOG", "label": "pet"}])
    assert set(positives(made)) == {"a dog", "a cat", "a hamster", "a hen", "a cow"}
    assert "A DOG" not in positives(made).values()


def test_labels_as_positives():
    rows = [
        {"text": "it barks", "label": 0, "label_text": "dog"},
        {"text": "it purrs", "label": 1, "label_text": "cat"},
    ]
    made = classes(rows, class_positive="label")
    assert positives(made) == {"it barks": "dog", "it purrs": "cat"}
    assert made.documents.ids(range(2)) == ["0", "1"] and made.neutral is None


def test_names_of_classes_in_texts_are_counted_and_cut():
    rows = [
        {"text": f"{label}: {text}, a {label} or not", "label": label}
        for label, texts in ANIMALS.items()
        for text in texts
    ]
    assert classes(rows).notes["texts_that_begin_with_their_label"] == 6
    cut = classes(rows, cut_labels=True)
    assert cut.notes["texts_that_name_their_label"] == 6
    assert "texts_that_begin_with_their_label" not in cut.notes
    assert cut.documents.texts([0]) == ["a dog, a pet or not"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_files(name, tmp_path, write):
    path = tmp_path / name
    table = datasets.Dataset.from_list(ROWS)
    {"jsonl": table.to_json, "csv": lambda p: table.to_csv(p, index=False), "parquet": table.to_parquet}[
        path.suffix[1:]
    ](str(path))
    assert positives(load(f"classes:{path}")) == positives(classes())


def test_rows_of_other_splits_are_not_read():
    rows = [{**row, "split": "train"} for row in ROWS] + [
        {"text": "a lion", "label": "wild", "split": "test"}
    ]
    assert positives(classes(rows)) == positives(classes())
    assert len(classes(rows).documents) == 6 and len(classes(rows, split="all").documents) == 7
    with pytest.raises(DataError, match='no row of the split "dev"; splits found: test, train'):
        classes(rows, split="dev")


def test_class_labels_of_a_data_set_are_read_by_name(tmp_path, offline):
    names = sorted(ANIMALS)
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=names)}
    )
    rows = [{**row, "label": names.index(row["label"])} for row in ROWS]
    datasets.DatasetDict({"train": datasets.Dataset.from_list(rows, features)}).save_to_disk(tmp_path / "set")
    made = load(f"classes:hf:{tmp_path / 'set'}", LoadOptions(class_positive="label"))
    assert set(positives(made).values()) == {"pet", "farm", "wild"}


def test_the_digest_tells_labels_and_seeds():
    other = [*ROWS[:-1], {**ROWS[-1], "label": "farm"}]
    digests = {made.digest for made in (classes(), classes(other), classes(seed=7))}
    assert len(digests) == 3 and classes().digest in digests


def test_a_run_finds_its_source_from_anywhere(tmp_path, monkeypatch, write):
    write("a.jsonl", ROWS)
    monkeypatch.chdir(tmp_path)
    hardneg.mine("classes:a.jsonl", hardneg.Recipe.named("naive", rankers=["bm25"]), "run", report=False)
    assert json.loads((tmp_path / "run/run.json").read_text())["source"] == f"classes:{tmp_path / 'a.jsonl'}"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"text": "a", "label": "x"}, {"text": "b", "label": "x"}], 'all examples are of the class "x"'),
        (
            [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}],
            "none of its 2 classes has two examples",
        ),
        ([{"text": "a", "label": ""}], '^memory row 1: "label" is empty; each example needs a class'),
        ([{"text": "a", "label": float("nan")}], '"label" is empty'),
        ([{"text": "a", "label": -1}], '"label" is -1'),
        ([{"text": "a", "label": 0.5}], '"label" is a number; a class is a string or a whole number'),
        ([{"text": "a", "label": ["x"]}], '"label" is a list'),
        ([{"text": "a", "topic": "x"}], "no column for the label among those found: text, topic"),
        ([{"title": "a", "label": "x"}], "no column for the text among those found: title, label"),
    ],
)
def test_what_is_refused(rows, message):
    with pytest.raises(DataError, match=message.replace("memory row", "pairs row")) as caught:
        classes(rows)
    assert "\n" not in str(caught.value)


def test_a_cell_of_nothing_is_no_class(tmp_path, write):
    for cell, message in [("nan", "stands for nothing; leave the cell empty"), ("", '"label" is empty')]:
        write("a.csv", f"text,label\none,x\ntwo,{cell}\n")
        with pytest.raises(DataError, match=f"^a.csv:3: .*{message}"):
            load(f"classes:{tmp_path / 'a.csv'}")


def test_what_is_refused_with_other_settings():
    with pytest.raises(DataError, match="is a number, which says nothing as a positive"):
        classes([{"text": "a", "label": 1}], class_positive="label")
    with pytest.raises(DataError, match='no column "topic" for the label'):
        classes(columns={"label": "topic"})
    with pytest.raises(DataError, match="classes of one example: 1; fix the source"):
        classes(strict=True)
    with pytest.raises(ConfigError, match="goes with rows alone"):
        Collection.of(ROWS, kind="classes", corpus=ROWS)
    with pytest.raises(ConfigError, match="kind: stdlib reads no rows of memory"):
        Collection.of(ROWS, kind="stdlib")
