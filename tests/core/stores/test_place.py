"""Places of a store: what is listed, moved and refused."""

import sys

import pytest

from hardneg.core.errors import ConfigError, DataError, MissingExtra
from hardneg.core.stores import is_url
from hardneg.core.stores.place import Place, is_temporary


def untold(count):
    """Nobody receives the number of bytes."""


@pytest.mark.parametrize("place", ["s3://b/x", "memory://x", "hf://datasets/a/b", "HTTPS://h/x.csv"])
def test_urls(place):
    assert is_url(place)


@pytest.mark.parametrize("place", ["folder", "ir:beir/scifact", "hf:a/b", "C:\\data", "/a//b", "./x://y"])
def test_no_urls(place):
    assert not is_url(place)


def test_a_folder_is_listed_by_paths_below_it_and_a_file_by_its_name(store):
    store.pipe_file("/data/a.txt", b"one")
    store.pipe_file("/data/below/b.txt", b"three")
    store.pipe_file("/data/.lock", b"")
    store.pipe_file("/database/c.txt", b"")
    folder = Place("memory://data/")
    assert {name: version.size for name, version in folder.listing().items()} == {
        "a.txt": 3,
        "below/b.txt": 5,
    }
    assert (folder.name, folder.alone, folder.url) == ("data", False, "memory://data")
    file = Place("memory://data/a.txt")
    assert list(file.listing()) == ["a.txt"] and file.alone
    assert Place("memory://nothing").listing() == {}


def test_markers_of_folders_are_no_files(store, monkeypatch):
    store.pipe_file("/data/a.txt", b"one")
    found = type(store).find

    def marked(self, path, **more):
        return {**found(self, path, **more), "/data/": {"type": "file", "size": 0, "created": 1}}

    monkeypatch.setattr(type(store), "find", marked)
    assert list(Place("memory://data").listing()) == ["a.txt"]


def test_files_beside_one(store, tmp_path):
    store.pipe_file("/data/a.txt", b"one")
    store.pipe_file("/data/b.txt", b"three")
    place = Place("memory://data/a.txt")
    place.listing()
    found = place.beside(["b.txt"])
    assert found["b.txt"].size == 5 and place.beside([]) == {}
    place.get("b.txt", found["b.txt"], tmp_path / "b", untold)
    assert (tmp_path / "b").read_bytes() == b"three"
    with pytest.raises(DataError, match="memory://data/a.txt: c.txt, which goes with it: not found"):
        place.beside(["c.txt"])


def test_repositories_of_the_hub_take_no_files(tmp_path):
    place = Place("hf://datasets/a/b/run")
    for write in (place.check_writable, lambda: place.put(tmp_path, "x", untold)):
        with pytest.raises(DataError, match="hf://datasets/a/b/run takes no files, .* hardneg push"):
            write()
    Place("hf://buckets/a/b/run").refuse_commits()  # those are stores like others


def test_a_version_changes_with_the_file(store):
    store.pipe_file("/data/a.txt", b"one")
    before = Place("memory://data").listing()
    assert Place("memory://data").listing() == before
    store.pipe_file("/data/a.txt", b"two")
    assert Place("memory://data").listing() != before


def test_what_passes_is_counted_and_whole(store, tmp_path):
    place, passed = Place("memory://data"), []
    (tmp_path / "here").write_bytes(b"12345")
    version = place.put(tmp_path / "here", "x/y", passed.append)
    assert (version.size, store.cat("/data/x/y")) == (5, b"12345") and place.listing() == {"x/y": version}
    place.get("x/y", version, tmp_path / "back", passed.append)
    assert (tmp_path / "back").read_bytes() == b"12345" and sum(passed) == 10
    store.pipe_file("/data/x/y", b"123")
    with pytest.raises(DataError, match="memory://data: x/y: 3 of 5 bytes came"):
        place.get("x/y", version, tmp_path / "short", untold)
    assert not (tmp_path / "short").exists()
    place.remove("x/y")
    with pytest.raises(DataError, match="memory://data: x/y: not found"):
        place.get("x/y", version, tmp_path / "gone", untold)


def test_it_is_found_out_whether_a_place_may_be_written(store, monkeypatch):
    Place("memory://data").check_writable()
    assert store.find("/data") == []

    def refused(*_, **__):
        raise PermissionError("Access Denied")

    monkeypatch.setattr(type(store), "pipe_file", refused)
    with pytest.raises(DataError, match="cannot write to memory://data: no permission .Access Denied."):
        Place("memory://data").check_writable()


@pytest.mark.parametrize(
    "name", ["/data/../../etc/passwd", "/data//x", "/data/./x", "/data/a\\b", "/data/nul\0"]
)
def test_names_that_lead_elsewhere_are_refused(store, name):
    store.store[name] = store.open("/data/ok", "wb")
    with pytest.raises(DataError, match="there is no name that a file can have here"):
        Place("memory://data").listing()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://key:secret@bucket/x", "s3://bucket/x was given with a password"),
        ("sftp://me:secret@host/x", "sftp://host/x was given with a password"),
        ("zip://a.csv::ftp://me:secret@host/x", "was given with a password"),
        ("https://host/x.csv?sig=secret", "https://host/x.csv was given with a query"),
        ("https://host/x.csv#secret", "https://host/x.csv was given with a query"),
    ],
)
def test_urls_with_secrets_are_refused_and_not_repeated(url, said):
    with pytest.raises(ConfigError, match=said) as refused:
        Place(url)
    assert "secret" not in str(refused.value)


def test_libraries_that_are_missing_are_named(monkeypatch):
    def missing(url, **_):
        raise ImportError("Install s3fs to access S3" if "s3" in url else "Install adlfs to access Azure")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(MissingExtra, match=r"s3:// is not installed; run: pip install 'hardneg\[s3\]'"):
        Place("s3://bucket/x")
    with pytest.raises(DataError, match="abfs://c/x: Install adlfs"):
        Place("abfs://c/x")
    monkeypatch.undo()
    with pytest.raises(DataError, match='nonsense://x: there is no store of kind "nonsense"; s3, gs'):
        Place("nonsense://x")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingExtra, match=r"fsspec is not installed; run: pip install 'hardneg\[stores\]'"):
        Place("memory://x")


def test_what_passes_away_by_itself():
    assert [is_temporary(name) for name in ("a/.lock", ".x.1f.tmp", "ledger/.part-00000.sha256")] == [
        True,
        True,
        False,
    ]
