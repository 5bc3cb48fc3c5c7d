"""What others put into the program's way: nothing of the user's is lost, nothing received is run.

Each module holds one kind: strangers' files, symbolic links, received runs and models, endpoints that echo,
small files that fill the memory, and mutations of every file that is read. `HARDNEG_FUZZ=500 python -m pytest
tests/hostile` tries as many mutations of each file; the suite tries 12.
"""

from pathlib import Path


def snapshot(folder: Path) -> dict[str, object]:
    """Returns what is below a folder: the bytes of files, the targets of links, None for folders."""
    return {path.relative_to(folder).as_posix(): _content(path) for path in sorted(folder.rglob("*"))}


def _content(path: Path) -> object:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return path.read_bytes() if path.is_file() else None
