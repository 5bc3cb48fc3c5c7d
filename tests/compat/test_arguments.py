"""Unusable arguments are refused in one line that names them, where the original guesses or crashes."""

import numpy as np
import pytest
from datasets import Dataset, DatasetDict

from hardneg.compat.sentence_transformers import InvalidArgument
from hardneg.core.errors import ConfigError, DataError
from tests.compat.conftest import VOCABULARY, mine, pairs, static

NAMES = "alpha beta gamma delta".split()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"anchor_column_name": "qeury"},
            'unknown column "qeury"; did you mean "query"\\? Known: pos, query',
        ),
        ({"positive_column_name": "pas"}, 'unknown column "pas"; did you mean "pos"'),
        ({"positive_column_name": "query"}, "is both anchor and positive column"),
        ({"anchor_column_name": "pos"}, "is both anchor and positive column"),
        ({"sampling_strategy": "rand"}, 'unknown sampling_strategy "rand"; did you mean "random"'),
        ({"output_format": "triple"}, 'unknown output_format "triple"; did you mean "triplet"'),
        ({"corpus": "a text"}, "corpus must be a list of texts"),
        ({"query_prompt_name": "qeury"}, 'unknown prompt "qeury"; did you mean "query"'),
        ({"num_negatives": 0}, "num_negatives must be at least 1"),
        ({"num_negatives": 4, "range_max": 3}, "range_min=0 and range_max=3 leave 3"),
        ({"range_min": -1}, "range_min must be non-negative"),
        ({"range_min": 5, "range_max": 5}, "range_min must be smaller than range_max"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"faiss_batch_size": 0}, "faiss_batch_size must be a positive integer"),
        ({"deepen": True, "range_max": 9}, "give one of the two"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused(model, given, message):
    dataset = Dataset.from_dict({"query": NAMES, "pos": NAMES[::-1]})
    with pytest.raises(InvalidArgument, match=message) as caught:
        mine(dataset, model, **given)
    assert isinstance(caught.value, ConfigError) and isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (Dataset.from_dict({"a": [], "b": []}), "the dataset is empty"),
        (Dataset.from_dict({"a": NAMES}), "must have two columns or more, found a"),
        (DatasetDict(), "found DatasetDict; choose one split"),
        (Dataset.from_dict({"negative": NAMES, "b": NAMES}), 'column "negative" has the name of one'),
    ],
)
def test_datasets_that_cannot_be_used_are_refused(model, dataset, message):
    with pytest.raises(InvalidArgument, match=message):
        mine(dataset, model)


def test_texts_that_are_none_are_named(model):
    with pytest.raises(DataError, match="column \"b\", row 1: a text is expected, found 'None'"):
        mine(pairs(("a", "b"), ("c", None)), model)
    with pytest.raises(DataError, match="corpus, row 0"):
        mine(pairs(("a", "b")), model, corpus=[7])


def test_vectors_that_are_no_numbers_are_refused():
    broken = static(VOCABULARY, np.full((len(VOCABULARY), 4), np.nan))
    with pytest.raises(DataError, match="NaN or infinity"):
        mine(pairs(("a", "b")), broken)
