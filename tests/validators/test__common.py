"""Which candidates get evidence."""

from dataclasses import replace

import numpy as np

from hardneg.validators._common import empty_evidence, evidence_by_query, in_depth
from tests.validators.blocks import built, whole


def test_the_first_ranks_and_the_positives_are_read():
    known = built(("d", 1))
    assert in_depth(whole(known, padding=1), known, 2).tolist() == [[True, True, False, True, False]]


def test_a_candidate_without_a_rank_is_read_only_if_it_is_a_positive():
    known = built(("d", 1))
    candidates = replace(whole(known), ranks=np.array([[1, 0, 2, 0]], np.int32))
    assert in_depth(candidates, known, 9).tolist() == [[True, False, True, True]]


def test_evidence_goes_to_the_documents_and_not_to_padding():
    known = built(("d", 1))
    block = whole(known, padding=1)
    evidence = evidence_by_query(block, lambda query, docs: docs * 2.0 + query)
    assert evidence[0, :4].tolist() == [0, 2, 4, 6] and np.isnan(evidence[0, 4])
    assert evidence.dtype == np.float32 and np.isnan(empty_evidence(block)).all()
