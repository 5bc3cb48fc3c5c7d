"""The page docs/commands.md, made of the commands: `python -m hardneg.cli.reference > docs/commands.md`."""

from __future__ import annotations

import re
from typing import Any

import typer

from hardneg.cli import app

_HEAD = """# Commands

`hardneg COMMAND --help` prints the options of a command. Progress and summaries go to standard error, JSON to
standard output. RUN is a run directory, or its [URL](sources.md#object-stores); SOURCE is one of the
[sources](sources.md). Exit codes: 0 done, 1 a finding over a limit that you set, 2 a usage or data error, 130
stopped with Ctrl-C.
"""
_HELP = "| `--help` | Print the options. |"


def reference() -> str:
    """Returns the page, in Markdown."""
    command: Any = typer.main.get_command(app)
    parts = [_HEAD, _section("hardneg", "", command.params)]
    for name, each in command.commands.items():
        parts.append(_section(name, f"{_usage(name, each.params)}\n{_linked(each.help)}\n\n", each.params))
    return "\n".join(parts)


def _section(name: str, text: str, params: list[Any]) -> str:
    rows = [_row(param) for param in params if param.param_type_name == "option"]
    return "\n".join([f"## `{name}`\n\n{text}| option | meaning |\n|---|---|", *rows, _HELP, ""])


def _usage(name: str, params: list[Any]) -> str:
    words = ["hardneg", name]
    for param in params:
        if param.param_type_name == "argument":
            metavar = param.metavar or param.name.upper()
            words.append(metavar if param.required else f"[{metavar}]")
        elif param.required:
            words.append(f"{param.opts[0]} {param.metavar}")
    return f"```sh\n{' '.join([*words, '[OPTIONS]'])}\n```\n"


def _row(param: Any) -> str:
    flags = ", ".join(f"`{flag}`" for flag in (*param.opts, *param.secondary_opts))
    if not param.is_flag:
        flags = f"{flags[:-1]} {param.metavar or 'TEXT'}`"
    text = _linked(param.help or "")
    if param.required:
        text += " Required."
    elif param.show_default and param.default not in (None, False):
        text += f" Default: {param.default}."
    return f"| {flags} | {text.replace('|', chr(92) + '|')} |"


def _linked(text: str) -> str:
    """Returns a text in which pages of the documentation are links."""
    return re.sub(r"\bdocs/([\w-]+)\.md", r"[\1](\1.md)", text)


if __name__ == "__main__":
    typer.echo(reference(), nl=False)
