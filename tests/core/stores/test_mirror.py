"""Copies: made like the store, put back into it, and never at the cost of what was done here."""

import json
import logging
import sys
from functools import partial

import pytest

from hardneg import cli, export, mine, open_run
from hardneg.core.components import FORMATS
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import locked
from hardneg.core.stores import Mirror, display_url, fetched, output_dir, output_file
from hardneg.core.stores.place import Place
from hardneg.mining.recipe import Recipe
from hardneg.sources import load

mine = partial(mine, report=False)
RECIPE = ["select.negatives=2"]


def recipe(name="naive", *more):
    return Recipe.named(name, [*RECIPE, *more], rankers=["bm25"])


def content(store, root):
    return {name.removeprefix(f"{root}/"): store.cat(name) for name in store.find(root)}


def decided(store, root):
    return {name: data for name, data in content(store, root).items() if "train" in name or "part" in name}


@pytest.fixture
def mined(beir, put, store):
    """A run in the store, mined from a collection in it."""
    put(beir, "memory://data/beir")
    mine("memory://data/beir", recipe(), "memory://runs/a")
    return store


@pytest.fixture
def moves(store, monkeypatch):
    """The files that have moved, in their order."""
    moved = []

    def telling(name):
        move = getattr(type(store), name)

        def tells(self, one, other, **more):
            moved.append(other if name == "put_file" else one)
            return move(self, one, other, **more)

        monkeypatch.setattr(type(store), name, tells)

    telling("get_file")
    telling("put_file")
    return moved


def test_a_collection_is_the_same_from_a_store_as_from_a_disk(beir, put, moves):
    put(beir, "memory://data/beir")
    from_store, from_disk = load("memory://data/beir"), load(str(beir))
    assert (from_store.digest, from_store.name) == (from_disk.digest, "beir") and len(moves) == 3
    load("memory://data/beir")
    assert len(moves) == 3  # nothing is fetched twice


def test_what_changes_vanishes_or_is_damaged_is_made_like_the_store(put, write, store, moves):
    put(write("d/a.txt", "one"), "memory://d/a.txt")
    put(write("d/b.txt", "two"), "memory://d/b.txt")
    copy = fetched("memory://d")
    (copy / "a.txt").write_text("ONE")
    store.rm("/d/b.txt")
    put(write("d/c.txt", "three"), "memory://d/c.txt")
    assert fetched("memory://d") == copy
    assert {path.name: path.read_text() for path in copy.iterdir()} == {"a.txt": "one", "c.txt": "three"}
    assert sorted(moves[2:]) == ["/d/a.txt", "/d/c.txt"]


def test_a_file_and_its_documents(put, write):
    pairs = put(write("pairs.jsonl", [{"query": "a", "positive": "A"}]), "memory://x/pairs.jsonl")
    docs = put(write("docs.jsonl", [{"text": "B"}]), "memory://x/docs.jsonl")
    options = Recipe.named("naive", corpus=docs).load
    assert len(load(pairs, options).documents) == 2


def test_a_training_set_comes_with_the_files_that_it_is_read_with_alone(mined, moves):
    export("memory://runs/a", FORMATS.make("pylate"), "memory://out/p.jsonl")
    mined.pipe_file("/out/other.jsonl", b"")
    del moves[:]
    whole = load("memory://out/p.jsonl")
    assert sorted(moves) == ["/out/p.documents.jsonl", "/out/p.jsonl", "/out/p.queries.jsonl"]
    assert load("memory://out/p.jsonl").digest == whole.digest and len(moves) == 3
    mined.pipe_file("/out/p.documents.jsonl", mined.cat("/out/p.documents.jsonl") + b"\n")
    assert load("memory://out/p.jsonl").digest == whole.digest and len(moves) == 4
    run("clean", "memory://out/p.jsonl", "--out", "memory://runs/c", "--ranker", "bm25", "--quiet")
    assert {"train.jsonl", "train.documents.jsonl", "train.queries.jsonl"} < content(mined, "/runs/c").keys()
    mined.rm("/out/p.queries.jsonl")
    with pytest.raises(DataError, match="out/p.jsonl: p.queries.jsonl, which goes with it: not found"):
        load("memory://out/p.jsonl")


def test_lines_are_named_by_the_url(put, write, capsys):
    put(write("pairs.jsonl", [{"query": "a"}]), "memory://x/pairs.jsonl")
    run("mine", "memory://x/pairs.jsonl", "--out", "memory://runs/a", "--ranker", "bm25", expect=2)
    assert "stores" not in capsys.readouterr().err
    run("mine", "memory://x/none", "--out", "memory://runs/a", "--ranker", "bm25", expect=2)
    assert capsys.readouterr().err == "hardneg: there is nothing at memory://x/none\n"


def test_a_run_is_that_of_a_disk_and_its_last_file_says_that_it_is_whole(beir, put, store, moves, tmp_path):
    put(beir, "memory://data/beir")
    mine("memory://data/beir", recipe(), "memory://runs/a")
    local = mine(str(beir), recipe(), tmp_path / "run")
    assert moves[-1] == "/runs/a/run.json"
    assert decided(store, "/runs/a") == {
        path.relative_to(local.folder).as_posix(): path.read_bytes()
        for path in local.folder.rglob("*")
        if "train" in path.name or "part" in path.name
    }
    kept = json.loads(store.cat("/runs/a/run.json"))
    assert (kept["source"], kept["fingerprint"]) == ("memory://data/beir", local.info["fingerprint"])
    assert [e.query_id for e in open_run("memory://runs/a").training_set] == [
        e.query_id for e in local.training_set
    ]


def test_an_upload_that_breaks_off_goes_on(beir, put, store, monkeypatch):
    put(beir, "memory://data/beir")
    puts, times = type(store).put_file, iter(range(100))

    def breaks(self, one, other, **more):
        if next(times) == 2:
            raise ConnectionError("gone")
        return puts(self, one, other, **more)

    monkeypatch.setattr("hardneg.core.stores.mirror._AT_ONCE", 1)
    monkeypatch.setattr(type(store), "put_file", breaks)
    with pytest.raises(DataError, match="ConnectionError: gone"):
        mine("memory://data/beir", recipe(), "memory://runs/a")
    half = set(content(store, "/runs/a"))
    assert half and "run.json" not in half
    with pytest.raises(DataError, match="runs/a is not finished; run the same hardneg mine command"):
        fetched("memory://runs/a")
    mine("memory://data/beir", recipe(), "memory://runs/a")
    monkeypatch.setattr(type(store), "put_file", puts)
    mine("memory://data/beir", recipe(), "memory://runs/b")
    assert decided(store, "/runs/b") == decided(store, "/runs/a")


def test_another_run_or_other_files_are_refused_and_a_deleted_run_is_made_anew(mined):
    with pytest.raises(ConfigError, match="holds another run, which differs in recipe"):
        mine("memory://data/beir", recipe("naive", "select.negatives=1"), "memory://runs/a")
    with pytest.raises(ConfigError, match=r"memory://data holds other files \(beir/corpus.jsonl"):
        mine("memory://data/beir", recipe(), "memory://data")
    mined.rm("/runs/a", recursive=True)
    mine("memory://data/beir", recipe("naive", "select.negatives=1"), "memory://runs/a")
    assert json.loads(mined.cat("/runs/a/run.json"))["recipe"]["select"]["negatives"] == 1


def test_another_machine_goes_on_from_the_store(mined, monkeypatch, tmp_path, moves):
    before = decided(mined, "/runs/a")
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "other"))
    mine("memory://data/beir", recipe("naive", "format=flagembedding"), "memory://runs/a")
    assert json.loads(mined.cat("/runs/a/run.json"))["resumed"]
    after = decided(mined, "/runs/a")
    assert {name: data for name, data in after.items() if "part" in name}.items() <= before.items()
    monkeypatch.delenv("HARDNEG_CACHE")


def test_a_format_of_another_suffix_takes_the_place_of_the_first(mined):
    mine("memory://data/beir", recipe("naive", "format=parquet"), "memory://runs/a")
    assert [name for name in content(mined, "/runs/a") if "train" in name] == ["train.parquet"]


def test_what_people_judged_here_is_not_lost(mined):
    judgments = fetched("memory://runs/a") / "judgments.jsonl"
    judgments.write_text("one\n")
    mirror = Mirror("memory://runs/a")
    assert mirror.pull() / "judgments.jsonl" == judgments and judgments.read_text() == "one\n"
    assert mirror.push() == 1 and mirror.push() == 0
    judgments.write_text("one\ntwo\n")
    mirror.pull()
    mirror.push()
    assert mined.cat("/runs/a/judgments.jsonl") == b"one\ntwo\n"
    judgments.write_text("one\ntwo\nthree\n")
    mined.pipe_file("/runs/a/judgments.jsonl", b"one\ntwo\nother\n")
    with pytest.raises(ConfigError, match="judgments.jsonl has changed both in"):
        mirror.pull()
    judgments.unlink()
    mirror.pull()
    assert judgments.read_text() == "one\ntwo\nother\n"


def test_a_file_that_another_process_changed_is_not_overwritten(mined):
    mirror = Mirror("memory://runs/a")
    card = mirror.pull() / "README.md"
    card.write_text("ours")
    mined.pipe_file("/runs/a/README.md", b"theirs")
    with pytest.raises(ConfigError, match="README.md has changed both in"):
        mirror.push()
    assert mined.cat("/runs/a/README.md") == b"theirs"


def test_damage_is_not_put_into_the_store(mined):
    train = fetched("memory://runs/a") / "train.jsonl"
    whole = train.read_bytes()
    train.write_bytes(whole[:-9] + b"#" + whole[-8:])
    assert fetched("memory://runs/a") == train.parent and train.read_bytes() == whole


def test_a_run_that_is_written_is_left_alone(mined):
    copy = fetched("memory://runs/a")
    with (copy / ".lock").open("a") as held:
        assert locked(held, wait=False)
        with pytest.raises(ConfigError, match="another process is writing to memory://runs/a"):
            Mirror("memory://runs/a").pull()


def run(*arguments, expect=0):
    sys.argv = ["hardneg", *map(str, arguments)]
    try:
        cli.main()
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    assert code == expect


def test_commands_take_and_give_urls(mined, capsys):
    run("select", "memory://runs/a", "--recipe", "naive", "--negatives", 1, "--out", "memory://runs/b")
    assert "memory://runs/b/train.jsonl" in capsys.readouterr().err
    written = json.loads(mined.cat("/runs/b/run.json"))
    assert written["selected_from"]["run"] == "memory://runs/a"
    assert "memory://runs/b" in written["command"]
    run("audit", "memory://runs/a", "--quiet", "--max-fnr", "0.0", "--method", "calibrated", expect=2)
    run("audit", "memory://runs/a", "--sample", 3)
    assert mined.exists("/runs/a/audit_sample.jsonl")
    run("report", "memory://runs/a")
    assert capsys.readouterr().out == "memory://runs/a/report.html\n"
    assert b"<html" in mined.cat("/runs/a/report.html")
    assert not logging.getLogger("gcsfs").isEnabledFor(logging.ERROR)  # which it raises as well
    run("diff", "memory://runs/a", "memory://runs/b", "--json")
    assert json.loads(capsys.readouterr().out)["second"] == "memory://runs/b"


def test_a_source_is_listed_and_fetched_once_and_is_not_put_back(
    beir, put, write, moves, monkeypatch, capsys
):
    put(beir, "memory://data/beir")
    by_words = write("recipe.yaml", "{name: words, rank: {rankers: [bm25]}, format: jsonl}")
    listing, listed = Place.listing, []

    def list_and_count(self):
        listed.append(self.url)
        return listing(self)

    monkeypatch.setattr(Place, "listing", list_and_count)
    run("audit", "memory://data/beir", "--recipe", by_words, expect=2)
    assert "7 retrieved positives are too few, 20 are needed" in capsys.readouterr().err
    assert listed == ["memory://data/beir"]
    assert sorted(moves) == [
        f"/data/beir/{name}" for name in ("corpus.jsonl", "qrels/train.tsv", "queries.jsonl")
    ]


def test_exports_go_to_the_store_with_what_is_beside_them(mined, tmp_path):
    export("memory://runs/a", FORMATS.make("pylate"), "memory://out/p.jsonl")
    export("memory://runs/a", FORMATS.make("pylate"), tmp_path / "p" / "p.jsonl")
    assert content(mined, "/out") == {path.name: path.read_bytes() for path in (tmp_path / "p").iterdir()}


def test_training_sets_are_cleaned_from_store_to_store(put, write, store):
    rows = [{"query": f"q{n}", "positive": f"p{n} x", "negative": f"n{n} y"} for n in range(4)]
    url = put(write("pairs.jsonl", rows), "memory://in/pairs.jsonl")
    run("clean", url, "--out", "memory://runs/c", "--ranker", "bm25", "--quiet")
    assert len(store.cat("/runs/c/train.jsonl").splitlines()) == 4
    assert json.loads(store.cat("/runs/c/run.json"))["source"] == url


def test_runs_are_not_written_to_repositories_of_the_hub(mined, capsys):
    for command in (
        ("mine", "memory://data/beir", "--ranker", "bm25", "--out", "hf://datasets/a/b/run"),
        ("export", "memory://runs/a", "--format", "pylate", "-o", "hf://datasets/a/b/run/p.jsonl"),
    ):
        run(*command, expect=2)
        assert capsys.readouterr().err.startswith("hardneg: hf://datasets/a/b/run takes no files, as each")


def test_other_outputs_stay_on_a_disk(mined, capsys):
    run("train", "memory://runs/a", "--out", "memory://model", expect=2)
    assert "memory://model is in a store; a path on a disk is needed" in capsys.readouterr().err


def test_paths_of_the_disk_pass(tmp_path):
    assert fetched("some/folder").as_posix() == "some/folder" and display_url("nothing") == "nothing"
    with output_dir(tmp_path / "x") as place, output_file("y.jsonl") as file:
        assert (place, file.name) == (tmp_path / "x", "y.jsonl")
