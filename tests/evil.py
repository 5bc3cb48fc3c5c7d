"""A collection whose texts, titles, ids and queries all try to be markup or code."""

from hardneg.sources.builder import CollectionBuilder, LoadOptions

SCRIPT = "<script>window.pwned = 1</script>"
ATTACKS = (
    SCRIPT,
    "</script><script>window.pwned = 2</script>",
    "<img src=x onerror='window.pwned = 3'>",
    "<svg onload='window.pwned = 4'><style>body { display: none }</style></svg>",
    "\"'><iframe srcdoc='<script>parent.pwned = 5</script>'></iframe>",
    "<!--<script>{{ 7 * 7 }} {% raw %} ${window.pwned = 6} \u2028 </textarea></title>",
)


def collection():
    builder = CollectionBuilder("<b>evil</b>" + SCRIPT, LoadOptions())
    for number in range(24):
        attack = ATTACKS[number % len(ATTACKS)]
        builder.add_document(
            f"d{number}{attack}",
            f"amber birch {attack} cedar {number} ember",
            f"title {attack}",
            where="here",
        )
    for number in range(6):
        attack = ATTACKS[number]
        builder.add_query(f"q{number}{attack}", f"amber cedar {attack}", where="here")
        builder.add_judgment(f"q{number}{attack}", f"d{number}{attack}", 1, where="here")
    return builder.build()
