"""For tests of pipelines and of components: small fakes, and what every component of a kind must do.

The `check_...` functions take whatever stands for a component in a recipe (a name, a class, a function, an
instance), use it on a small collection, and raise AssertionError with one line on what it does wrong:

    from hardneg.testing import check_rule

    def test_my_rule():
        check_rule({"min-length": {"characters": 20}})
"""

from hardneg.testing.components import check_draw, check_ranker, check_rule, check_validator
from hardneg.testing.fakes import FakeRanker, collection, example_candidates, example_collection
from hardneg.testing.files import check_format, check_source

__all__ = [
    "FakeRanker",
    "check_draw",
    "check_format",
    "check_ranker",
    "check_rule",
    "check_source",
    "check_validator",
    "collection",
    "example_candidates",
    "example_collection",
]
