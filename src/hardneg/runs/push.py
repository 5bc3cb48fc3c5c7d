"""Uploads a run as a dataset repository of the Hugging Face hub."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

from hardneg.core import audit_info, verdicts
from hardneg.core.errors import DataError, MissingExtra, wrap_errors
from hardneg.runs.directory import RunFolder

_ALWAYS = ("run.json", "README.md")
_IF_THERE = ("calibration.json", audit_info.FILE, "report.html")
_LEDGER = ("part-*.parquet", ".part-*.sha256")


def push(
    folder: str | Path, repository: str, *, private: bool = True, judgments: bool = False, api: Any = None
) -> str:
    """Uploads a finished run, its card as the repository's, and returns the address of the commit.

    Raises:
        DataError: The run is not finished, a file of it is missing or a link, or the hub refuses it.
        MissingExtra: huggingface_hub is not installed.
    """
    run = RunFolder(Path(folder)).finished()
    names = _files(Path(folder), run, judgments)
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise MissingExtra("huggingface_hub", "hub") from None
    hub = api or HfApi()
    with wrap_errors(f"cannot upload to {repository}"):
        url = hub.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        commit = hub.upload_folder(
            folder_path=folder,
            repo_id=getattr(url, "repo_id", repository),
            repo_type="dataset",
            allow_patterns=[glob.escape(name) for name in names],
            commit_message=f"Hard negatives by hardneg: recipe {run['recipe']['name']}",
        )
    return str(getattr(commit, "commit_url", None) or url)


def _files(folder: Path, run: Mapping[str, Any], judgments: bool) -> list[str]:
    """Returns the names of what is uploaded: the files of the run itself, whatever else lies beside them."""
    paths = [folder / name for name in _ALWAYS]
    paths += [folder / name for name in _IF_THERE if (folder / name).exists()]
    paths += [path for name in _exported(run) for path in _plain(folder / name)]
    for pattern in _LEDGER:
        paths += sorted((folder / "ledger").glob(pattern))
    if judgments:
        paths.append(folder / verdicts.FILE)
    for path in (*paths, folder / "ledger"):
        if path.is_symlink():
            raise DataError(
                f"{path} is a symbolic link, which push does not follow; put the file in its place"
            )
        if not path.exists():
            raise DataError(f"{path} is missing; run the same hardneg command again to rebuild it")
    return [path.relative_to(folder).as_posix() for path in paths]


def _exported(run: Mapping[str, Any]) -> Iterator[str]:
    """Yields the files and folders of the training set; a received run.json may name anything."""
    for name in map(str, run.get("export", {}).get("files", ())):
        if not name.startswith("train") or PurePath(name).name != name or "\\" in name:
            raise DataError(f"run.json names {name} as a training file; their names begin with train")
        yield name


def _plain(path: Path) -> list[Path]:
    """Returns a file, or the files in a folder of the training set."""
    if path.is_symlink() or not path.is_dir():
        return [path]
    return [each for each in sorted(path.iterdir()) if each.is_file() and not each.name.startswith(".")]
