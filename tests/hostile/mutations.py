"""Mutations of files, drawn by a seed, and commands whose outcome is looked at."""

import copy
import json
import os
import sys
import traceback

from hardneg import cli
from hardneg.core.state_files import CHECKSUM, fingerprint

COUNT = int(os.environ.get("HARDNEG_FUZZ", "3"))
"""Mutations of each file."""

VALUES = (None, True, 0, -1, 1.5, 10**30, "", "x", [], [1], {}, {"x": 1}, "\ud800", ["a", {}], float("nan"))


def damaged(content, random):
    """Returns bytes as a disk, a transfer or an editor may leave them."""
    place, size = random.randrange(len(content) + 1), random.randrange(1, 9)
    kind = random.randrange(6)
    if kind == 0:
        return content[:place]
    if kind == 1:
        return content[:place] + random.randbytes(size) + content[place + size :]
    if kind == 2:
        return content[:place] + content[place + size :]
    if kind == 3:
        return content[:place] + content[max(0, place - size) : place] + content[place:]
    if kind == 4:
        return random.choice(
            [b"", b"\0" * len(content), b"{}", b"[]", b"null", content + content, b"[" * 99999]
        )
    flipped = bytearray(content or b"\0")
    flipped[place % len(flipped)] ^= 1 << random.randrange(8)
    return bytes(flipped)


def forged(content, random):
    """Returns plain JSON in which one value, at any depth, is another, or is not there."""
    content = copy.deepcopy(content)
    places = list(_places(content))
    owner, key = random.choice(places)
    if random.random() < 0.3:
        del owner[key]
    else:
        owner[key] = copy.deepcopy(random.choice(VALUES))
    return content


def damage(path, random):
    """Damages a file."""
    path.write_bytes(damaged(path.read_bytes(), random))


def forge(path, random):
    """Changes a value of a file in JSON, and writes the checksum anew where it has one."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    has_checksum = plain.pop(CHECKSUM, None) is not None
    content = forged(plain, random)
    path.write_bytes(encoded({**content, CHECKSUM: fingerprint(content)} if has_checksum else content))


def forge_lines(path, random):
    """Changes a value of a file in JSON lines."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_bytes(b"".join(encoded(line) + b"\n" for line in forged(lines, random)))


def _places(value):
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def encoded(content):
    return json.dumps(content).encode("utf-8", "surrogatepass")


def outcome(arguments, capsys):
    """Returns the exit code of a command and what it said; a traceback is an AssertionError."""
    capsys.readouterr()
    sys.argv = ["hardneg", *map(str, arguments)]
    try:
        cli.main()
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if "/hardneg/" in frame.filename][-1]
        where = f"{own.filename.split('/hardneg/')[-1]}:{own.lineno}"
        raise AssertionError(
            f"{arguments[0]}: {type(error).__name__} at {where}: {str(error)[:80]}"
        ) from error
    said = capsys.readouterr().err
    if code == 2:
        assert said.splitlines()[-1].startswith("hardneg: "), said
    assert "Traceback" not in said
    return code, said


def summed_up(problems):
    """Returns different problems once each, with their count."""
    return "\n".join(sorted({f"{problems.count(problem)} x {problem}" for problem in problems}))
