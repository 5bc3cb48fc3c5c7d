"""`hardneg judge` against a server that works or fails, both in one child."""

from __future__ import annotations

import random
import socketserver
import sys

from tests.faults.child import Arm
from tests.faults.world import World
from tests.llm import llm


def serving_server(world: World) -> Arm:
    """Judges with a server that works."""
    return _judging(world, [])


def failing_server(world: World, draw: random.Random) -> Arm:
    """Judges with a server that fails at some of the requests, or at all from one on."""
    ways = [
        llm.reply('{"error": {"message": "overloaded"}}', 503),
        llm.reply('{"error": {"message": "no such key"}}', 401),
        llm.reply('{"unexpected": true}'),
        llm.reply("<html>"),
        llm.half,
        llm.cut,
    ]
    fine = [None] * draw.randrange(12)
    failures = [draw.choice(ways) for _ in range(draw.choice([1, 3, 60]))]
    return _judging(world, [*fine, *failures])


def _judging(world: World, failures: list) -> Arm:
    def arm() -> None:
        from hardneg import cli

        socketserver.BaseServer.handle_error = lambda *_: None  # the server's own complaints are not ours
        with llm.serving() as (served, url):
            served.grade = lambda query, document, model: f"Grade: {len(document) % 4}"
            served.failures = list(failures)
            sys.argv = ["hardneg", *world.judge(url)]
            try:
                cli.main()
            finally:
                served.failures = []
        raise SystemExit(0)

    return arm
