"""The page of a review."""

from __future__ import annotations

import importlib.resources

from hardneg.report.i18n import Locale
from hardneg.report.page import embedded, environment, policy, read


def page(locale: Locale, judge: str) -> tuple[str, str]:
    """Returns the page as HTML, and its content security policy: its own script, style and server.

    Args:
        locale: Its language.
        judge: The name of the judge that it begins with.
    """
    own = importlib.resources.files("hardneg.review") / "templates"
    style, script, template = (
        (own / f"review.{kind}").read_text(encoding="utf-8") for kind in ("css", "js", "html")
    )
    style, script = read("page.css") + style, read("text.js") + script
    texts = locale.under("review.", "examples.")
    data = embedded({"texts": texts, "judge": judge, "language": locale.language})
    html = environment().from_string(template)
    return (
        html.render(locale=locale, style=style, script=script, data=data),
        f"{policy(script, style)}; connect-src 'self'; frame-ancestors 'none'",
    )
