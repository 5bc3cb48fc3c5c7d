"""`hardneg chunk` and `mine --chunk`: what they print, and errors of one line."""

import json

import pytest

from tests.chunking.conftest import model, source  # noqa: F401
from tests.cli.test_cli import run


def options(model, *more):  # noqa: F811
    return ("--model", model, "--ranker", "bm25", *more)


def test_what_is_printed(source, model, tmp_path, capsys):  # noqa: F811
    run("chunk", source, "--out", tmp_path / "out", "--tokens", "24:6", *options(model))
    printed = " ".join(capsys.readouterr().err.split())
    for row in (
        "documents │ 14",
        "of more than 24 tokens │ 10 (71%)",
        "test: judged relevant │ 3",
        "train: judged not relevant │ 2",
        "test: best chunk is not the first │ 3 of 3 (100%)",
    ):
        assert row in printed
    assert printed.endswith(str(tmp_path / "out")) and "note: columns not kept: url" in printed


def test_json_is_chunks_json(source, model, tmp_path, capsys):  # noqa: F811
    run(
        "chunk",
        source,
        "--out",
        tmp_path / "out",
        "--tokens",
        24,
        "--split",
        "test",
        "--json",
        *options(model),
    )
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "out" / "chunks.json").read_text(encoding="utf-8"))
    assert list(printed["splits"]) == ["test"]


def test_tokens_beyond_the_model_s_limit_are_noted(source, model, tmp_path, capsys):  # noqa: F811
    run("chunk", source, "--out", tmp_path / "out", "--tokens", 40, *options(model))
    assert "reads 32 tokens, and cuts longer chunks; --tokens 32 gives none" in " ".join(
        capsys.readouterr().err.split()
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tokens", "24:24"], "chunks: an overlap of 24 tokens is more than half of 24; give less"),
        (["--tokens", "x"], 'chunks: "x" is no number of tokens'),
        (["--tokens", "24", "--model", "/no/such"], "model folder /no/such does not exist"),
        (["--tokens", "24", "--set", "rank.depth=3"], "only load.KEY=VALUE goes here"),
        (["--tokens", "24", "--split", "dev"], "splits found: test, train; choose one with --split"),
    ],
)
def test_errors_are_one_line(source, tmp_path, capsys, arguments, message):  # noqa: F811
    run("chunk", source, "--out", tmp_path / "out", *arguments, expect=2)
    printed = capsys.readouterr().err.strip()
    assert message in printed and "\n" not in printed.removeprefix("load: ")


def test_a_folder_that_is_not_empty(source, model, tmp_path, capsys):  # noqa: F811
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes").write_text("mine", encoding="utf-8")
    run("chunk", source, "--out", tmp_path / "out", "--tokens", 24, *options(model), expect=2)
    assert "holds other files (notes, ...); choose an empty --out" in capsys.readouterr().err


def test_mine_cuts_first(source, tmp_path, capsys):  # noqa: F811
    chosen = ["--recipe", "naive", "--ranker", "bm25", "--out", tmp_path / "run"]
    run("mine", source, "--chunk", "16:4", *chosen)
    printed = " ".join(capsys.readouterr().err.split())
    assert "documents cut │ 10 of 14 at 16 tokens, " in printed and "dropped: same document" in printed
