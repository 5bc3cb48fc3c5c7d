"""One fault after the other: what was struck, what the command said, and what came of calling it again."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests import tiny
from tests.faults import kinds
from tests.faults.child import End, call, finish, start
from tests.faults.judged import failing_server, serving_server
from tests.faults.world import World, content, verdicts


class Outcome(NamedTuple):
    """What came of one fault."""

    number: int
    kind: str
    what: str
    outcome: str
    good: bool

    def __str__(self) -> str:
        return f"{self.number}: {self.kind} {self.what}: {self.outcome}{'' if self.good else ' NOT SURVIVED'}"


class Trials:
    """Faults in one world.

    Args:
        folder: Where all happens.
        seed: From it and a fault's number its kind and place are drawn.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed = seed
        self.world = World(folder, folder / "tiny" / "model")
        _well(call(self.world, [], self._model))
        self.world.make()
        self.most = self._operations(self.world.mine())
        self.mined = content(self.world.out)
        self.most_of_select = self._operations(self.world.select())
        self.selected = content(self.world.again)
        self.most_of_store = self._operations(self.world.mine_stored())
        assert content(self.world.stored) == self.mined
        _well(call(self.world, [], serving_server(self.world)))
        self.judged = verdicts(self.world.out)
        assert len(self.mined) > 8 and len(self.selected) > 8 and len(self.judged) == 20
        self.counts: Counter[tuple[str, str]] = Counter()
        self.bad = 0

    def make(self, number: int) -> Outcome:
        """Makes one fault, runs the command again and returns what came of it."""
        draw = random.Random(f"{self.seed} {number}")
        self.world.reset()
        trial = draw.choices(
            [
                self._struck,
                self._damaged,
                self._select_struck,
                self._judge_fails,
                self._two_at_once,
                self._store_struck,
            ],
            [39, 30, 8, 6, 6, 11],
        )[0]
        kind, what, outcome, good = trial(draw)
        self.counts[kind, outcome.split(":")[0]] += 1
        self.bad += not good
        return Outcome(number, kind, what, outcome, good)

    def summary(self) -> str:
        """Returns how many faults of each kind ended how."""
        lines = [f"{count:5} {kind}: {how}" for (kind, how), count in sorted(self.counts.items())]
        return "\n".join([*lines, f"{sum(self.counts.values())} faults, {self.bad} not survived"])

    def _struck(self, draw: random.Random) -> tuple[str, str, str, bool]:
        kind = draw.choice(kinds.WHILE_RUNNING)
        end = call(self.world, self.world.mine(), kind(self.world, draw, self.most))
        outcome, good = self._again(self.world.mine(), self.world.out, self.mined)
        return kind.__name__, _short(end), outcome, good and _fair(end, kind is kinds.ranker_raises)

    def _damaged(self, draw: random.Random) -> tuple[str, str, str, bool]:
        """Damages one file of a run that is finished, or was killed on its way."""
        killed = draw.random() < 0.5
        arm = kinds.kill_at_operation(self.world, draw, self.most) if killed else None
        call(self.world, self.world.mine(), arm)
        damage = draw.choice(kinds.DAMAGES)
        files = [path for path in self.world.written() if path.stat().st_size]
        if not files:
            return damage.__name__, "nothing", "same bytes", True
        struck = draw.choice(files)
        damage(struck, draw)
        outcome, good = self._again(self.world.mine(), self.world.out, self.mined, struck)
        return f"{damage.__name__} {_group(struck)}", struck.name, outcome, good

    def _select_struck(self, draw: random.Random) -> tuple[str, str, str, bool]:
        _well(call(self.world, self.world.mine()))
        kind = draw.choice(kinds.WHILE_RUNNING[:-1])
        end = call(self.world, self.world.select(), kind(self.world, draw, self.most_of_select))
        outcome, good = self._again(self.world.select(), self.world.again, self.selected)
        return f"select: {kind.__name__}", _short(end), outcome, good and _fair(end)

    def _store_struck(self, draw: random.Random) -> tuple[str, str, str, bool]:
        """Strikes while a run is fetched, mined and put; what is in the store is a whole run or none."""
        kind = draw.choice(kinds.WHILE_RUNNING[:-1])
        end = call(self.world, self.world.mine_stored(), kind(self.world, draw, self.most_of_store))
        whole = not (self.world.stored / "run.json").exists() or content(self.world.stored) == self.mined
        outcome, good = self._again(self.world.mine_stored(), self.world.stored, self.mined)
        return f"store: {kind.__name__}", _short(end), outcome, good and whole and _fair(end)

    def _judge_fails(self, draw: random.Random) -> tuple[str, str, str, bool]:
        _well(call(self.world, self.world.mine()))
        end = call(self.world, [], failing_server(self.world, draw))
        again = call(self.world, [], serving_server(self.world))
        same = again.code == 0 and verdicts(self.world.out) == self.judged
        return (
            "judge: server fails",
            _short(end),
            "same verdicts" if same else _short(again),
            same and _fair(end),
        )

    def _two_at_once(self, draw: random.Random) -> tuple[str, str, str, bool]:
        """Two processes on one cache, in one run directory or two."""
        one = draw.random() < 0.5
        outs = [self.world.out, self.world.out if one else self.world.again]
        ends = [finish(each) for each in [start(self.world, self.world.mine(out)) for out in outs]]
        done = [end for end in ends if end.code == 0]
        refused = [end for end in ends if end.refused and "another process is writing to" in end.said]
        same = all(content(out) == self.mined for out in outs)
        good = same and bool(done) and len(done) + len(refused) == 2 and (one or not refused)
        outcome = "same bytes" if good else "; ".join(map(_short, ends))
        return f"two at once in {'one directory' if one else 'one cache'}", "", outcome, good

    def _again(
        self, arguments: list[str], out: Path, expected: dict[str, bytes], struck: Path | None = None
    ) -> tuple[str, bool]:
        """Returns what came of calling a command again, and whether that is good."""
        end = call(self.world, arguments)
        if end.code == 0:
            same = content(out) == expected
            return ("same bytes" if same else "OTHER BYTES"), same
        named = struck is not None and (str(struck) in end.said or str(out) in end.said)
        if not (end.refused and named):
            return f"FAILED: {_short(end)}", False
        shutil.rmtree(out)
        later = call(self.world, arguments)
        mended = later.code == 0 and content(out) == expected
        return ("refused, mended by deleting" if mended else f"NOT MENDED: {_short(later)}"), mended

    def _model(self) -> None:
        """Saves the tiny model; in a child, because torch starts threads."""
        tiny.bi_encoder(self.world.folder / "tiny")
        raise SystemExit(0)

    def _operations(self, arguments: list[str]) -> int:
        counter = self.world.folder / "operations"
        _well(call(self.world, arguments, kinds.operations(self.world, counter)))
        return int(counter.read_text(encoding="utf-8"))


def _well(end: End) -> None:
    assert end.code == 0, end


def _fair(end: End, traceback: bool = False) -> bool:
    """Returns whether a command that was struck ended as it may: killed, done, or with one line."""
    return end.code <= 0 or end.refused or (traceback and "the device is lost" in end.said)


def _group(path: Path) -> str:
    """Returns what a file is, so that files of one kind are counted together."""
    names = {".npy": "shard", ".parquet": "ledger part", ".sha256": "checksum"}
    return names.get(path.suffix, path.name)


def _short(end: End) -> str:
    lines = end.said.strip().splitlines()
    return f"exit {end.code} {lines[-1][:300] if lines else ''}"
