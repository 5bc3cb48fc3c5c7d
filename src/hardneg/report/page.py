"""Puts a page together: one HTML file that needs no network and runs no script but its own.

All data is text: Jinja escapes it, and the page's script reads it from a block of JSON in which no tag can
end. The content security policy names the page's script and style by their digests.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
from typing import Any

from hardneg.core.errors import MissingExtra
from hardneg.report.i18n import Locale

try:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup
except ImportError as error:
    raise MissingExtra(f"{error.name}, which pages need,", "report") from None


def render(template: str, scripts: tuple[str, ...], locale: Locale, data: Any, **values: Any) -> str:
    """Returns a page; `data` is for its scripts, files of the folder `templates` as the template is."""
    code = "".join(map(read, scripts))
    style = read("page.css") + read("report.css")
    given = {"style": style, "script": code, "data": embedded(data), "policy": policy(code, style)}
    return environment().get_template(template).render(locale=locale, **given, **values)


def policy(code: str, style: str) -> str:
    """Returns the content security policy of a page: nothing is loaded, only this script runs."""
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
    """Returns a file of the folder `templates`."""
    return (importlib.resources.files("hardneg.report") / "templates" / name).read_text(encoding="utf-8")


def environment() -> Environment:
    """Returns the templates; they escape all values."""
    loader = PackageLoader("hardneg.report", "templates")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
