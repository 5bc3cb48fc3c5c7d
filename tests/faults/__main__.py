"""Makes faults and tells what came of them: `python -m tests.faults --count 240 --seed 1`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"  # a process that has started threads cannot be forked
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"

from tests.faults.child import prepare  # noqa: E402
from tests.faults.trial import Trials  # noqa: E402


def main() -> int:
    """Returns 0 if every run came to a good end."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true", help="tell of every fault")
    chosen = parser.parse_args()
    prepare()
    with tempfile.TemporaryDirectory(prefix="hardneg-faults-") as folder:
        trials = Trials(Path(folder), chosen.seed)
        for number in range(chosen.count):
            outcome = trials.make(number)
            if chosen.verbose or not outcome.good:
                sys.stdout.write(f"{outcome}\n")
        sys.stdout.write(f"{trials.summary()}\n")
        return int(bool(trials.bad))


if __name__ == "__main__":
    sys.exit(main())
