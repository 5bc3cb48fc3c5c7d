"""Puts a page together: one HTML file that needs no network and runs no code but its own.

Whatever comes from the data is text: Jinja escapes it, and what the page's script reads lies in a block of
JSON in which no tag can end. The content security policy names the page's script and style by their digests.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
from typing import Any

from markupsafe import Markup

from hardneg.core.errors import MissingExtra

try:
    from jinja2 import Environment, PackageLoader, StrictUndefined
except ImportError:
    raise MissingExtra("jinja2", "report") from None


def render(template: str, scripts: tuple[str, ...], styles: tuple[str, ...], **values: Any) -> str:
    """Returns a page.

    Args:
        template: A template of the package's folder `pages`.
        scripts: What the page runs, files of the same folder, in order.
        styles: Its style sheets, in order.
        values: What the template shows; `data` is handed to the script.
    """
    code = "".join(read(name) for name in scripts)
    style = "".join(read(name) for name in styles)
    page = environment().get_template(template)
    return page.render(
        **{key: value for key, value in values.items() if key != "data"},
        style=Markup(style),
        script=Markup(code),
        data=embedded(values.get("data")),
        policy=policy(code, style),
    )


def policy(code: str, style: str) -> str:
    """Returns the content security policy of a page: nothing is loaded, and only this script runs."""
    return (
        f"default-src 'none'; script-src '{_digest(code)}'; style-src '{_digest(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def embedded(data: Any) -> Markup:
    """Returns data as JSON that may stand in an HTML script element: no tag begins or ends in it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def read(name: str) -> str:
    """Returns a file of the folder `pages`."""
    return (importlib.resources.files("hardneg.report") / "pages" / name).read_text(encoding="utf-8")


def environment() -> Environment:
    """Returns the templates, which escape all they are given."""
    loader = PackageLoader("hardneg.report", "pages")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
