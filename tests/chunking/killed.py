"""Kills `chunk` between its file operations, or fills its disk, in forked children; then calls it again.

`python -m tests.chunking.killed SOURCE MODEL FOLDER` prints the number of faults, or raises AssertionError.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"  # a process that has started threads cannot be forked
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numba  # noqa: E402
import torch  # noqa: E402

import hardneg  # noqa: E402
from hardneg.core.errors import HardnegError  # noqa: E402
from hardneg.rankers.dense import Dense  # noqa: E402
from tests.chunking.conftest import content  # noqa: E402

_OPERATIONS = ("open", "os.rename", "os.remove", "os.mkdir")
_DONE, _REFUSED = 0, 2


def main(source: str, model: str, folder: Path) -> int:
    """Returns how many faults were made, after each of which the same call ended with the same bytes."""
    torch.set_num_threads(1)
    encoder = Dense(model=model).encoder()  # once: a child is forked for each call
    Dense.encoder = lambda own: encoder
    numba.njit(lambda number: number)(1)
    whole, out = folder / "whole", folder / "out"
    assert _ended(source, model, whole, None) == _DONE
    expected, faults = content(whole), 0
    for fault, ended in ((_die, -signal.SIGKILL), (_full, _REFUSED)):
        place, code = 0, ended
        while code == ended:
            place += 1 if place < 4 else 6
            shutil.rmtree(out, ignore_errors=True)
            code = _ended(source, model, out, _watched(out, place, fault))
            assert code in (ended, _DONE), (fault, place, code)
            assert _ended(source, model, out, None) == _DONE, (fault, place)
            assert content(out) == expected, (fault, place)
            faults += code == ended
    return faults


def _ended(source: str, model: str, out: Path, arm: Callable[[], None] | None) -> int:
    """Returns how a call ended in a child: its exit code, or the signal that killed it."""
    child = os.fork()
    if not child:
        code = 1
        try:
            if arm is not None:
                arm()
            hardneg.chunk(source, out, tokens="24:6", model=model, ranker="bm25")
            code = _DONE
        except HardnegError as error:
            code = _REFUSED if str(out) in str(error) and "\n" not in str(error) else 3
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _watched(out: Path, count: int, strike: Callable[[], None]) -> Callable[[], None]:
    """Returns what strikes at one of the file operations below a folder."""

    def arm() -> None:
        left = count

        def on_event(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in _OPERATIONS and isinstance(arguments[0], str | os.PathLike):
                if os.fspath(arguments[0]).startswith(str(out)):
                    left -= 1
                    if left == 0:
                        strike()

        sys.addaudithook(on_event)

    return arm


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))} faults\n")
