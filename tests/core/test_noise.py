"""Random numbers that seed, query and document decide, and nothing else."""

import hashlib

import numpy as np
import pytest

from hardneg.core.noise import uniform

QUERIES = np.arange(100, dtype=np.uint64)[:, None]
DOCUMENTS = np.arange(200, dtype=np.uint64)[None, :]
GAMMA, MASK = 0x9E3779B97F4A7C15, 2**64 - 1


def splitmix(key):
    """SplitMix64 as published, in whole numbers."""
    mixed = (key + GAMMA) & MASK
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & MASK
    return mixed ^ (mixed >> 31)


def test_the_generator_is_that_of_the_paper():
    # the first number of the reference implementation for the seed 0
    assert splitmix(0) == 0xE220A8397B1DCDAF
    seed = int.from_bytes(hashlib.blake2b(b"7", digest_size=8).digest(), "little")
    expected = ((splitmix(splitmix(5 ^ seed) ^ 9) >> 41) + 0.5) / 2**23
    assert uniform(7, np.array([5], np.uint64), np.array([9], np.uint64)).tolist() == [np.float32(expected)]


def test_numbers_are_between_0_and_1_and_even():
    found = uniform(1, QUERIES, DOCUMENTS)
    assert found.dtype == np.float32 and found.shape == (100, 200)
    assert 0 < found.min() and found.max() < 1
    tenths = np.bincount((found * 10).astype(int).ravel(), minlength=10) / found.size
    assert tenths == pytest.approx(np.full(10, 0.1), abs=0.01)


def test_other_pairs_do_not_change_a_pair_s_number():
    assert (uniform(1, QUERIES, DOCUMENTS)[3:5, 7:] == uniform(1, QUERIES[3:5], DOCUMENTS[:, 7:])).all()


def test_another_seed_query_or_document_is_another_number():
    one = np.array([1], np.uint64)
    numbers = [uniform(seed, one * q, one * d)[0] for seed in (1, 2) for q in (3, 4) for d in (3, 4)]
    assert len(set(numbers)) == 8
