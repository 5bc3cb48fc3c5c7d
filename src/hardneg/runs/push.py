"""Uploads a run as a dataset repository of the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hardneg.core.errors import DataError, MissingExtra
from hardneg.runs.directory import RunFolder

_LEFT = ["judgments.jsonl", ".*", "**/.*"]


def push(
    folder: str | Path, repository: str, *, private: bool = True, judgments: bool = False, api: Any = None
) -> str:
    """Uploads a finished run, its card as the repository's, and returns the address of the commit."""
    run = RunFolder(Path(folder)).finished()
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ImportError:
        raise MissingExtra("huggingface_hub", "hub") from None
    hub = api or HfApi()
    try:
        url = hub.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        commit = hub.upload_folder(
            folder_path=folder,
            repo_id=getattr(url, "repo_id", repository),
            repo_type="dataset",
            ignore_patterns=_LEFT[1:] if judgments else _LEFT,
            commit_message=f"Hard negatives by hardneg: recipe {run['recipe']['name']}",
        )
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        raise DataError(f"cannot upload to {repository}: {error}") from error
    return str(getattr(commit, "commit_url", None) or url)
