"""A few faults of each seed's many; see `tests.faults` for a full run."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_runs_survive_what_befalls_them():
    command = [sys.executable, "-m", "tests.faults", "--count", "10", "--seed", "3"]
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith("10 faults, 0 not survived\n")
