"""What the reasons in a ledger mean: the part of run.json that lets others read it without the components."""

from __future__ import annotations

import inspect
from typing import Any

from hardneg.core.components import DRAWS, RULES, Draw, Rule
from hardneg.core.exclusions import DUPLICATE_OF_POSITIVE, EXCLUSIONS, PARTLY_RELEVANT, QUERY_TEXT
from hardneg.core.records import (
    JUDGED_RELEVANT,
    NEUTRAL,
    NOISY_POSITIVE,
    RELABELLED,
    SAME_CLASS,
    SAME_DOCUMENT,
    UNDECIDED,
)

NO_POSITIVE = "no_positive"
NO_SCORE = "no_score"
NO_ANCHOR_SCORE = "no_anchor_score"
SURPLUS = "surplus"
MAX_USES = "max_uses"
ATTENUATED = "attenuated"

_LABELS = {
    JUDGED_RELEVANT: ("judged relevant", "признан релевантным"),
    QUERY_TEXT: ("text of the query", "текст самого запроса"),
    DUPLICATE_OF_POSITIVE: ("copy of a positive", "копия релевантного"),
    RELABELLED: ("relabelled as relevant", "переразмечен как релевантный"),
    NOISY_POSITIVE: ("wrong positive", "ошибочный релевантный"),
    PARTLY_RELEVANT: ("relevant in part", "релевантен частично"),
    SAME_CLASS: ("of the query's class", "из класса запроса"),
    UNDECIDED: ("between the bounds", "между границами"),
    SAME_DOCUMENT: ("from a positive's document", "из того же документа"),
    NO_POSITIVE: ("query without a positive", "у запроса нет релевантного"),
    NO_SCORE: ("no score", "нет оценки"),
    NO_ANCHOR_SCORE: ("positive without score", "у релевантного нет оценки"),
    SURPLUS: ("not needed", "не понадобился"),
    MAX_USES: ("used often enough", "уже часто используется"),
    ATTENUATED: ("left out by its probability", "пропущен по своей вероятности"),
}
_MEANINGS = {
    JUDGED_RELEVANT: (
        "Somebody judged it relevant to this query, or to another of the same text.",
        "Кто-то признал его релевантным этому запросу или запросу с тем же текстом.",
    ),
    QUERY_TEXT: ("Its text is the query itself.", "Его текст совпадает с запросом."),
    DUPLICATE_OF_POSITIVE: (
        "Its text is that of a positive but for title, case, spacing or Unicode form.",
        "Его текст отличается от релевантного только заголовком, регистром, пробелами или формой Юникода.",
    ),
    RELABELLED: (
        "A judge or a validator found it relevant; it is a positive now.",
        "Судья или проверка признали его релевантным; теперь он среди релевантных.",
    ),
    NOISY_POSITIVE: (
        "It is labelled relevant, but is as likely to answer the query as a random document is.",
        "Он помечен релевантным, но похож на ответ не больше, чем случайный документ.",
    ),
    PARTLY_RELEVANT: (
        "A judge found that it answers in part, less than the positive: it is neither positive nor negative.",
        "Судья нашёл, что он отвечает частично, хуже релевантного: он ни релевантный, ни негатив.",
    ),
    SAME_CLASS: (
        "It is labelled with the query's class: it is neither positive nor negative.",
        "Он из того же класса, что и запрос: он ни релевантный, ни негатив.",
    ),
    UNDECIDED: (
        "Its similarity to the query is between the two bounds: it is neither positive nor negative.",
        "Его сходство с запросом между двумя границами: он ни релевантный, ни негатив.",
    ),
    SAME_DOCUMENT: (
        "It is another chunk of a document judged relevant: it is neither positive nor negative.",
        "Это другой фрагмент релевантного документа: он ни релевантный, ни негатив.",
    ),
    NO_POSITIVE: (
        "All positives of its query were left out as wrong.",
        "Все релевантные документы его запроса отброшены как ошибочные.",
    ),
    NO_SCORE: ("The ranker that decides gave it no score.", "Ранжировщик, который решает, не оценил его."),
    NO_ANCHOR_SCORE: (
        "The ranker that decides gave the query's positive no score.",
        "Ранжировщик, который решает, не оценил релевантный документ запроса.",
    ),
    SURPLUS: (
        "The rules allow it, but the query had its negatives already.",
        "Правила его пропускают, но запросу уже хватило негативов.",
    ),
    MAX_USES: (
        "It serves as a negative for enough other queries.",
        "Он уже служит негативом достаточному числу запросов.",
    ),
    ATTENUATED: (
        "The rules allow it, but it was left out by a draw with its probability of being relevant.",
        "Правила его пропускают, но жребий с его вероятностью релевантности его отбросил.",
    ),
}
FIXED = tuple(_LABELS)
"""The reasons that are there whatever the rules: no rule or draw may have the name of one."""


def rule_reason(rule: Rule) -> str:
    """Returns the reason that a rule's drops have in the ledger, as in `max_score`."""
    return RULES.name_of(rule).replace("-", "_")


def draw_reason(draw: Draw) -> str:
    """Returns the reason that a draw's negatives have in the ledger, as in `top`."""
    return DRAWS.name_of(draw).replace("-", "_")


def describe_reasons(rules: tuple[Rule, ...], draw: Draw) -> dict[str, dict[str, Any]]:
    """Returns `{reason: {"implies_doubt", "label", "meaning"}}` of all reasons that a selection can give.

    Exclusions imply that a document is relevant, unless it is neutral; a rule says so of itself
    (`implies_doubt`). Labels and meanings are texts, or texts by language.
    """
    reasons: dict[str, dict[str, Any]] = {
        reason: {
            "implies_doubt": reason in (*EXCLUSIONS, ATTENUATED) and reason not in NEUTRAL,
            "label": dict(zip(("en", "ru"), _LABELS[reason], strict=True)),
            "meaning": dict(zip(("en", "ru"), _MEANINGS[reason], strict=True)),
        }
        for reason in FIXED
    }
    for rule in rules:
        reasons[rule_reason(rule)] = {"implies_doubt": rule.implies_doubt, **_texts(rule, rule_reason(rule))}
    reasons[draw_reason(draw)] = {"implies_doubt": False, **_texts(draw, draw_reason(draw))}
    return reasons


def _texts(component: Rule | Draw, reason: str) -> dict[str, Any]:
    """Returns the label and the meaning of a component; for want of one its docstring's first line."""
    kind = type(component)
    documented = inspect.getdoc(kind) or ""
    if documented.startswith(f"{kind.__name__}("):  # the signature that a dataclass gets for a docstring
        documented = ""
    return {
        "label": component.label or reason.replace("_", " "),
        "meaning": component.meaning or documented.partition("\n")[0],
    }
