"""Tables of pairs that people bring, and what must be read of them."""

from __future__ import annotations

from tests.sources.layouts import (
    AMBER,
    ASH,
    CROSSED,
    JET,
    NAMED,
    PAIRS,
    Q1,
    Q2,
    TEXTS,
    TRIPLETS,
    A,
    J,
    S,
    ids,
    passages,
    table,
)

TABLES_OF_PAIRS = [
    table("FAQ", "Question Answer", (Q1, AMBER), (Q2, JET), wanted=PAIRS),
    table(
        "FAQ with an index and a category",
        "nr question answer category",
        *((0, Q1, AMBER, "stones"), (1, Q2, JET, "stones")),
        wanted=PAIRS,
    ),
    table(
        "one query, several rows", "query passage", (Q1, AMBER), (Q1, ASH), wanted={Q1: {AMBER: 1, ASH: 1}}
    ),
    table(
        "several positives",
        "query pos",
        (Q1, [AMBER, ASH]),
        (Q2, [JET]),
        wanted={Q1: {AMBER: 1, ASH: 1}, Q2: {JET: 1}},
    ),
    table(
        "pairs with ids",
        "query_id query doc_id document",
        *(("1", Q1, "a", AMBER), ("2", Q2, "j", JET)),
        wanted=PAIRS,
        ids=ids("1 2 a j"),
    ),
    table(
        "pairs with whole numbers as ids",
        "query_id query doc_id doc",
        *((1, Q1, 10, AMBER), (2, Q2, 20, JET)),
        wanted=PAIRS,
        ids=ids("1 2 10 20"),
    ),
    table(
        "lists with ids",
        "query positive doc_id negative",
        *((Q1, [AMBER], ["a"], [ASH]), (Q2, [JET], ["j"], [ASH])),
        wanted=TRIPLETS,
        ids=ids("q1 q2 a j d1"),
    ),
    table(
        "graded judgments",
        "query passage relevance",
        *((Q1, AMBER, 3), (Q1, JET, 1), (Q1, ASH, 0), (Q2, JET, 2)),
        wanted={Q1: {AMBER: 3, JET: 1, ASH: 0}, Q2: {JET: 2}},
        decisive=("relevance",),
    ),
    table(
        "graded judgments, 2 and more are positives",
        "query document score",
        *((Q1, AMBER, 3), (Q1, JET, 1), (Q2, JET, 2)),
        wanted={Q1: {AMBER: 3, JET: 1}, Q2: {JET: 2}},
        decisive=("score",),
        options={"min_relevance": 2},
    ),
    table(
        "MS MARCO v1: is_selected beside the passages",
        "query passage is_selected",
        *((Q1, [ASH, AMBER], [0, 1]), (Q2, [JET, ASH], [1, 0])),
        wanted=TRIPLETS,
        decisive=("is_selected",),
    ),
    table(
        "MS MARCO v1, a passage a row",
        "query passage is_selected",
        *((Q1, ASH, 0), (Q1, AMBER, 1), (Q2, JET, 1), (Q2, ASH, 0)),
        wanted=TRIPLETS,
        decisive=("is_selected",),
    ),
    table(
        "a column of splits",
        "query positive split",
        *((Q1, AMBER, "train"), (Q2, JET, "train"), (Q2, ASH, "test")),
        wanted=PAIRS,
        more=frozenset({ASH}),
        decisive=("split",),
    ),
    table(
        "SQuAD, the context named",
        "id title context question answer",
        *(("x1", "Amber", AMBER, Q1, "resin"), ("x2", "Jet", JET, Q2, "wood")),
        wanted=PAIRS,
        options={"columns": {"positive": "context"}},
    ),
    table(
        "DPR",
        "dataset question answers positive_ctxs negative_ctxs hard_negative_ctxs",
        ("nq", Q1, ["resin"], passages("passage_id", A, score=9), [], passages("passage_id", J, S)),
        ("nq", Q2, ["wood"], passages("passage_id", J, score=9), passages("passage_id", A, S), []),
        wanted=CROSSED,
        ids=ids("q1 q2 a j s"),
    ),
    table(
        "a layout of somebody else, its columns named",
        "text answers right wrong",
        (Q1, ["resin"], passages("id", A, score=9), passages("id", S, score=7)),
        (Q2, ["wood"], passages("id", J, score=9), passages("id", S, score=7)),
        wanted=TRIPLETS,
        options={
            "columns": {
                "query": "text",
                "positive_passages": "right",
                "negative_passages": "wrong",
            }
        },
    ),
    table(
        "ids of a corpus",
        "query doc_id",
        *((Q1, "a"), (Q2, "j")),
        wanted=PAIRS,
        ids=ids("q1 q2 a j s"),
        beside={"--corpus": TEXTS},
        more=frozenset({ASH}),
    ),
    table(
        "lists of ids of a corpus",
        "query_id query doc_id",
        *((1, Q1, ["a", "s"]), (2, Q2, ["j"])),
        wanted={Q1: {AMBER: 1, ASH: 1}, Q2: {JET: 1}},
        ids=NAMED,
        beside={"--corpus": TEXTS},
    ),
    table(
        "pairs and a corpus with titles",
        "query positive",
        *((Q1, AMBER), (Q2, JET)),
        wanted={Q1: {f"On amber {AMBER}": 1}, Q2: {f"On jet {JET}": 1}},
        ids=ids("q1 q2 a j"),
        beside={
            "--corpus": [
                {"id": "a", "title": "On amber", "contents": AMBER},
                {"id": "j", "title": "On jet", "contents": JET},
            ]
        },
    ),
    table(
        "Russian",
        "вопрос ответ",
        *(("что такое янтарь", "Янтарь — смола."), ("что такое гагат", "Гагат — «чёрный янтарь».")),
        wanted={
            "что такое янтарь": {"Янтарь — смола.": 1},
            "что такое гагат": {"Гагат — «чёрный янтарь».": 1},
        },
        options={"columns": {"query": "вопрос", "positive": "ответ"}},
    ),
    table(
        "Chinese, Japanese and Arabic",
        "query pos",
        *(
            ("什么是琥珀?", ["琥珀是树脂。"]),
            ("ما هو الكهرمان؟", ["راتنج متحجر، قديم."]),
            ("琥珀とは", ["化石の樹脂"]),
        ),
        wanted={
            "什么是琥珀?": {"琥珀是树脂。": 1},
            "ما هو الكهرمان؟": {"راتنج متحجر، قديم.": 1},
            "琥珀とは": {"化石の樹脂": 1},
        },
    ),
    table(
        "texts with commas, quotes, line separators and code",
        "query positive",
        *(
            ('a 5" nail, or 6"', 'It says "no", twice.'),
            ("what is a\u2028b; c", "if (a < b) { return '[]'; }"),
        ),
        wanted={
            'a 5" nail, or 6"': {'It says "no", twice.': 1},
            "what is a\u2028b; c": {"if (a < b) { return '[]'; }": 1},
        },
    ),
]
