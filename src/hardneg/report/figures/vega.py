"""Draws Vega-Lite charts by vl-convert in a process of its own.

vl-convert ends its process where memory or address space is short; so it may end this one, and no run.
Run as a program, this file reads a request a line from standard input and writes an answer a line.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from functools import lru_cache
from typing import Any

from hardneg.core.errors import DataError


def draw(chart: dict[str, Any], version: str, suffix: str) -> bytes:
    """Returns a Vega-Lite chart as the bytes of a `.svg` or `.png` file.

    Raises:
        DataError: The process that draws has ended, or vl-convert cannot draw the chart.
    """
    process = _process()
    assert process.stdin and process.stdout
    try:
        process.stdin.write(json.dumps([chart, version, suffix]) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except OSError:  # a broken pipe
        line = ""
    if not line:
        _process.cache_clear()
        raise DataError(f"the process that draws figures ended (exit status {process.wait()})")
    answer = json.loads(line)
    if "error" in answer:
        raise DataError(f"vl-convert cannot draw a figure: {answer['error']}")
    return base64.b64decode(answer["drawn"])


@lru_cache(maxsize=1)
def _process() -> subprocess.Popen[str]:
    command = [sys.executable, "-P", __file__]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet, encoding="utf-8"
    )


def _serve() -> None:
    import vl_convert

    for line in sys.stdin:
        chart, version, suffix = json.loads(line)
        try:
            if suffix == ".svg":
                drawn = vl_convert.vegalite_to_svg(chart, vl_version=version).encode()
            else:
                drawn = vl_convert.vegalite_to_png(chart, vl_version=version, scale=2)
            answer = {"drawn": base64.b64encode(drawn).decode()}
        except Exception as error:  # whatever it is, the process that asked for the chart says so
            answer = {"error": " ".join(str(error).split())}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
