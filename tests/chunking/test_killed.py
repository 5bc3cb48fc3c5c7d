"""Killed at any file operation, or with a full disk: the same call ends with the same bytes."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_chunks_survive_kills_and_full_disks(source, model, tmp_path):
    command = [sys.executable, "-m", "tests.chunking.killed", str(source), model, str(tmp_path / "faults")]
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert int(re.fullmatch(r"(\d+) faults\n", ended.stdout)[1]) > 10
