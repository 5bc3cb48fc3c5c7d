"""Training sets of trainers, with and without optional parts, and what must be read of them."""

from __future__ import annotations

from tests.sources.layouts import (
    AMBER,
    ASH,
    CROSSED,
    HALF,
    JET,
    MADE_UP,
    NAMED,
    PAIRS,
    Q1,
    Q2,
    TEXTS,
    TRIPLETS,
    A,
    J,
    S,
    passages,
    said,
    table,
)

SENTENCE_TRANSFORMERS = [
    table("pair", "anchor positive", (Q1, AMBER), (Q2, JET), wanted=PAIRS),
    table("pair, of natural-questions", "query answer", (Q1, AMBER), (Q2, JET), wanted=PAIRS),
    table("pair, of gooaq", "question answer", (Q1, AMBER), (Q2, JET), wanted=PAIRS),
    table("triplet", "anchor positive negative", (Q1, AMBER, ASH), (Q2, JET, ASH), wanted=TRIPLETS),
    table(
        "triplet with scores",
        "anchor positive negative scores",
        (Q1, AMBER, ASH, [0.9, 0.2]),
        (Q2, JET, ASH, [0.8, 0.1]),
        wanted=TRIPLETS,
    ),
    table(
        "triplet, every negative a row",
        "query positive negative",
        *((Q1, AMBER, JET), (Q1, AMBER, ASH), (Q2, JET, AMBER), (Q2, JET, ASH)),
        wanted=CROSSED,
    ),
    table(
        "n-tuple",
        "anchor positive negative_1 negative_2",
        *((Q1, AMBER, JET, ASH), (Q2, JET, AMBER, ASH)),
        wanted=CROSSED,
    ),
    table(
        "n-tuple, one shorter",
        "anchor positive negative_1 negative_2",
        *((Q1, AMBER, JET, ASH), (Q2, JET, ASH, None)),
        wanted={Q1: {AMBER: 1, JET: 0, ASH: 0}, Q2: {JET: 1, ASH: 0}},
    ),
    table(
        "n-tuple with scores",
        "anchor positive negative_1 negative_2 scores",
        *((Q1, AMBER, JET, ASH, [3.5, 2.0, 0.5]), (Q2, JET, AMBER, ASH, [3.0, 1.0, 0.0])),
        wanted=CROSSED,
    ),
    table(
        "labeled pair",
        "anchor document label",
        *((Q1, AMBER, 1), (Q1, ASH, 0), (Q2, JET, 1), (Q2, ASH, 0)),
        wanted=TRIPLETS,
        decisive=("label",),
    ),
    table(
        "labeled pair of a reranker",
        "query passage label",
        *((Q1, AMBER, "1"), (Q1, ASH, "0"), (Q2, JET, "1.0"), (Q2, ASH, "0.0")),
        wanted=TRIPLETS,
        decisive=("label",),
    ),
    table(
        "labeled list",
        "anchor documents labels",
        *((Q1, [AMBER, JET, ASH], [1, 0, 0]), (Q2, [ASH, JET, AMBER], [0, 1, 0])),
        wanted=CROSSED,
    ),
    table(
        "labeled list with scores",
        "anchor documents labels scores",
        *((Q1, [AMBER, ASH], [1, 0], [0.9, 0.1]), (Q2, [JET, ASH], [1, 0], [0.8, 0.2])),
        wanted=TRIPLETS,
    ),
    table(
        "labeled list under the data set's names",
        "query answer labels",
        *((Q1, [AMBER, ASH], [1, 0]), (Q2, [ASH, JET], [0, 1])),
        wanted=TRIPLETS,
        decisive=("labels",),
    ),
]

FLAG_EMBEDDING = [
    table(
        "FlagEmbedding", "query pos neg", (Q1, [AMBER], [JET, ASH]), (Q2, [JET], [AMBER, ASH]), wanted=CROSSED
    ),
    table("FlagEmbedding without negatives", "query pos", (Q1, [AMBER]), (Q2, [JET]), wanted=PAIRS),
    table(
        "FlagEmbedding, some negatives", "query pos neg", (Q1, [AMBER], [ASH]), (Q2, [JET], []), wanted=HALF
    ),
    table("FlagEmbedding, first without", "query pos neg", (Q2, [JET]), (Q1, [AMBER], [ASH]), wanted=HALF),
    table(
        "FlagEmbedding for distillation",
        "query pos neg pos_scores neg_scores",
        *((Q1, [AMBER], [JET, ASH], [0.9], [0.3, 0.1]), (Q2, [JET], [AMBER, ASH], [0.8], [0.4, 0.2])),
        wanted=CROSSED,
    ),
    table(
        "FlagEmbedding with ids and a prompt",
        "query pos neg pos_id neg_id prompt type",
        *(
            (Q1, [AMBER], [ASH], ["a"], ["s"], "Find the passage.", "normal"),
            (Q2, [JET], [ASH], ["j"], ["s"], "Find the passage.", "normal"),
        ),
        wanted=TRIPLETS,
    ),
]

TEVATRON = [
    table(
        "Tevatron",
        "query_id query positive_passages negative_passages",
        ("1", Q1, passages("docid", A), passages("docid", S)),
        ("2", Q2, passages("docid", J), passages("docid", S)),
        wanted=TRIPLETS,
        ids=NAMED,
    ),
    table(
        "MIRACL, Mr. TyDi: Tevatron with answers",
        "query_id query positive_passages negative_passages answers",
        ("1", Q1, passages("docid", A), passages("docid", J, S), []),
        ("2", Q2, passages("docid", J), [], []),
        wanted={Q1: {AMBER: 1, JET: 0, ASH: 0}, Q2: {JET: 1}},
        ids=NAMED,
    ),
    table(
        "Tevatron with scores, ids as numbers",
        "query_id query positive_passages negative_passages",
        (1, Q1, passages("docid", A, score=0.9), passages("docid", S, score=0.1)),
        (2, Q2, passages("docid", J, score=None), passages("docid", S, score=0.2)),
        wanted=TRIPLETS,
        ids=NAMED,
    ),
    table(
        "Tevatron without ids",
        "query positive_passages negative_passages",
        (Q1, [{"text": AMBER}], [{"text": ASH, "title": None}]),
        (Q2, [{"text": JET}]),
        wanted=HALF,
        ids=MADE_UP,
    ),
    table(
        "Tevatron v2",
        "query_id query_text positive_document_ids negative_document_ids",
        ("1", Q1, ["a"], ["s"]),
        ("2", Q2, ["j"], ["s"]),
        wanted=TRIPLETS,
        ids=NAMED,
        beside={"corpus": TEXTS},
    ),
    table(
        "Tevatron v2 with its other columns",
        "query_id query_text query_image positive_document_ids negative_document_ids answer source",
        ("1", Q1, None, ["a"], [], None, "mined"),
        ("2", Q2, None, ["j"], ["s", "a"], None, "mined"),
        wanted={Q1: {AMBER: 1}, Q2: {JET: 1, ASH: 0, AMBER: 0}},
        ids=NAMED,
        beside={"corpus": TEXTS},
    ),
]

OTHER_TRAINERS = [
    table(
        "PyLate",
        "query_id document_ids scores",
        *(("1", ["a", "j", "s"], [0.9, 0.2, 0.1]), ("2", ["j", "a", "s"], [0.8, 0.3, 0.1])),
        wanted=CROSSED,
        ids=NAMED,
        beside={
            "queries": [{"query_id": "1", "text": Q1}, {"query_id": "2", "text": Q2}],
            "documents": [{"document_id": row["docid"], "text": row["text"]} for row in TEXTS],
        },
    ),
    table(
        "ms-swift",
        "messages positive_messages negative_messages",
        (said(Q1), [said(AMBER)], [said(JET), said(ASH)]),
        (said(Q2), [said(JET)], [said(AMBER), said(ASH)]),
        wanted=CROSSED,
    ),
    table(
        "ms-swift with a system prompt, some negatives",
        "messages positive_messages negative_messages",
        *((said("Find the passage.", Q1), [said(AMBER)]), (said(Q2), [said(JET)], [said(ASH)])),
        wanted={Q1: {AMBER: 1}, Q2: {JET: 1, ASH: 0}},
    ),
    table(
        "hardneg's jsonl",
        "query_id query positives negatives",
        ("1", Q1, passages("doc_id", A, score=0.9), passages("doc_id", S, score=0.5, weight=1.0)),
        ("2", Q2, passages("doc_id", J, score=None), []),
        wanted=HALF,
        ids=NAMED,
    ),
    table(
        "hardneg's jsonl without ids and negatives",
        "query positives",
        *((Q1, [{"text": AMBER}]), (Q2, [{"text": JET}])),
        wanted=PAIRS,
    ),
]

TRAINING_SETS = [*SENTENCE_TRANSFORMERS, *FLAG_EMBEDDING, *TEVATRON, *OTHER_TRAINERS]
