"""What the reasons in a ledger mean: the part of run.json that lets others read it without the components."""

from __future__ import annotations

import inspect
from typing import Any

from hardneg.core.components import RULES, Rule
from hardneg.core.exclusions import EXCLUSIONS


def reason_of(rule: Rule) -> str:
    """Returns the reason that a rule's drops have in the ledger, as in `max_score`."""
    return RULES.name_of(rule).replace("-", "_")


def describe_reasons(rules: tuple[Rule, ...]) -> dict[str, dict[str, Any]]:
    """Returns for each reason of a drop whether it implies doubt, and what rules say of themselves.

    Exclusions imply that a document is relevant; a rule says so of itself (`implies_doubt`).
    """
    reasons: dict[str, dict[str, Any]] = {name: {"implies_doubt": True} for name in EXCLUSIONS}
    for rule in rules:
        reasons[reason_of(rule)] = {
            "implies_doubt": rule.implies_doubt,
            "label": rule.label or RULES.name_of(rule).replace("-", " "),
            "meaning": rule.meaning or _first_line(type(rule)),
        }
    return reasons


def _first_line(kind: type[Rule]) -> str:
    """Returns the first line of a docstring; none of the signature that a dataclass gets for one."""
    documented = inspect.getdoc(kind) or ""
    return "" if documented.startswith(f"{kind.__name__}(") else next(iter(documented.splitlines()), "")
