"""Exact search of an inverted index by windows of documents, leaving out what cannot be among the best.

No score is higher than the sum of the highest products of the query's terms. Once as many documents are found
as are asked for, the terms with the lowest bounds that sum to less than the worst score found make no result
by themselves: only documents of the other, essential terms are looked at, and the rest is looked up in those
that can still be better (MaxScore: Turtle and Flood, Query evaluation: strategies and optimizations, 1995).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hardneg.core.records import BoolArray, FloatArray, IntArray
from hardneg.rankers.kernels.jit import njit
from hardneg.rankers.kernels.top_k import CHUNK, any_above, heap_push, heap_sort, push_row

WINDOW = 32_768
"""Documents whose sums are kept at once, 4 bytes each: they stay in the second cache of a core."""

SUMMED_WHOLE = 1_500
"""In so many documents for each one asked for all terms are essential: most that are ever kept are there."""

_SHARE = 0.4
"""The bounds of the rest sum to this share of the worst score: adding postings one after the other is
cheaper than looking up many documents. This and `SUMMED_WHOLE` were the fastest in benchmarks/bm25.py."""

LongArray = npt.NDArray[np.int64]
Postings = tuple[IntArray, FloatArray]
"""The documents and weights of all terms, as `docs` and `weights` of an `InvertedIndex`."""

Query = tuple[FloatArray, FloatArray, LongArray, BoolArray, npt.NDArray[np.float64], LongArray, LongArray]
"""Of each term of a query, in its order: its weight in the query; its bound, which no product of that with a
weight in a document exceeds; the terms' numbers, lowest bound first; whether it is essential; the share of
documents that have it; where its postings end; the posting looked up last, or the first one of the window.
A plain tuple: numba could not read its cache on disk once a class that it names were renamed."""


@njit
def weight_ranges(indptr: LongArray, weights: FloatArray) -> FloatArray:
    """Returns (n_terms, 2) float32: the lowest and highest weight of each term, 0 where it has none."""
    ranges = np.zeros((len(indptr) - 1, 2), np.float32)
    for term in range(len(ranges)):
        own = weights[indptr[term] : indptr[term + 1]]
        if len(own):
            ranges[term, 0], ranges[term, 1] = own.min(), own.max()
    return ranges


@njit
def search_rows(
    indptr: LongArray,
    postings: IntArray,
    weights: FloatArray,
    ranges: FloatArray,
    n_docs: int,
    rows: LongArray,
    terms: IntArray,
    factors: FloatArray,
    docs: IntArray,
    scores: FloatArray,
    part: tuple[int, int],
    floors: FloatArray,
    window: int,
    summed_whole: int,
) -> None:
    """Writes the documents of the highest scores above 0 of each query, best first, ties by document row.

    Args:
        indptr: (n_terms + 1,): the documents of term t are `postings[indptr[t]:indptr[t + 1]]`, ascending.
        postings: (entries,) int32, all below `n_docs`.
        weights: (entries,) float32.
        ranges: Their `weight_ranges`.
        n_docs: Number of documents.
        rows: (n + 1,): query i has the terms `rows[i]:rows[i + 1]`.
        terms: The terms of all queries.
        factors: Their weights.
        docs: (n, depth) int32, full of -1; receives the documents.
        scores: (n, depth) float32, full of NaN; receives their scores.
        part: The first document to look at, and the one behind the last.
        floors: (n,): only scores above its query's floor are written.
        window: Documents whose sums are kept at once; this and the next change no result.
        summed_whole: In so many documents for each one asked for all terms are essential.
    """
    first, last = part
    sums = np.zeros(min(window, last - first), np.float32)
    for row in range(len(docs)):
        own = slice(rows[row], rows[row + 1])
        begins, ends = indptr[terms[own]], indptr[terms[own] + 1]
        if last - first < n_docs:
            _narrow(postings, begins, ends, first, last)
        low, high = factors[own] * ranges[terms[own], 0], factors[own] * ranges[terms[own], 1]
        bounded = bool((factors[own] >= 0).all() and (low >= 0).all() and (high >= 0).all())  # NaN is not
        essential, found = np.ones(len(high), np.bool_), begins.copy()
        query = factors[own], high, np.argsort(high), essential, (ends - begins) / (last - first), ends, found
        size, n_whole = 0, first + summed_whole * docs.shape[1]
        if floors[row] > 0:  # a heap full of what is no document: from the first one on it is the threshold
            scores[row] = floors[row]
            size, n_whole = docs.shape[1], first
        of_row = docs[row], scores[row]
        size = _search((postings, weights), query, begins, bounded, n_whole, sums, size, *of_row)
        heap_sort(docs[row], scores[row], size)
        for column in range(size):
            if docs[row, column] < 0:
                scores[row, column] = np.nan


@njit
def _narrow(postings: IntArray, begins: LongArray, ends: LongArray, first: int, last: int) -> None:
    """Narrows the postings of each term to the documents `first:last`."""
    for term in range(len(begins)):
        begins[term] = _position(postings, begins[term], ends[term], first, begins[term])
        ends[term] = _position(postings, begins[term], ends[term], last, begins[term])


@njit
def _search(
    postings: Postings,
    query: Query,
    begins: LongArray,
    bounded: bool,
    n_whole: int,
    sums: FloatArray,
    size: int,
    docs: IntArray,
    scores: FloatArray,
) -> int:
    """Fills a heap of some size with the best documents of one query, the worst on top; returns its size.

    A score is the float32 sum of the products in the query's order. While all terms are essential, the sums
    of a window are just that. Else, of n products of at least 0, u being the unit roundoff of float32, no
    score is greater than (sum of the essential products + bounds of the rest) (1 + nu) / (1 - nu), to first
    order (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). `slack` is 1 + 8 (n + 1) u,
    which covers the higher orders while nu < 1/16, and the rounding of what is compared. Negative products
    and NaN have no such bound (`bounded` is false): with them all terms stay essential.
    """
    n_terms = len(begins)
    slack = 1 + (n_terms + 1) * 2.0**-21
    n_rest, rest = 0, 0.0
    while True:
        first = _first_document(postings, query, begins)
        if bounded and n_terms < 1 << 20 and size == len(docs) and first >= n_whole:
            n_rest, rest = _extend_rest(query, n_rest, rest, _SHARE * scores[0] / slack)
            first = _first_document(postings, query, begins)
        if first < 0:
            return size
        _add_window(postings, query, begins, first, sums)
        if n_rest:
            _push_candidates(postings, query, n_rest, rest, slack, first, sums, docs, scores)
        else:
            size = push_row(sums, first, 0.0, docs, scores, size)
        sums[:] = 0


@njit
def _first_document(postings: Postings, query: Query, begins: LongArray) -> int:
    """Returns the first document beyond all windows so far that has an essential term, -1 for none."""
    _, _, _, essential, _, ends, _ = query
    first = -1
    for term in range(len(begins)):
        if essential[term] and begins[term] < ends[term]:
            doc = int(postings[0][begins[term]])
            first = doc if first < 0 else min(first, doc)
    return first


@njit
def _extend_rest(query: Query, n_rest: int, rest: float, most: float) -> tuple[int, float]:
    """Moves essential terms to the rest while its bounds sum to `most`; returns their number and sum."""
    _, bounds, by_bound, essential, _, _, _ = query
    while n_rest < len(bounds) and rest + bounds[by_bound[n_rest]] <= most:
        rest += bounds[by_bound[n_rest]]
        essential[by_bound[n_rest]] = False
        n_rest += 1
    return n_rest, rest


@njit
def _add_window(postings: Postings, query: Query, begins: LongArray, first: int, sums: FloatArray) -> None:
    """Adds the products of the essential terms with the documents from the first on to their sums."""
    factors, _, _, essential, _, ends, found = query
    for term in range(len(begins)):
        if essential[term]:
            begin = begins[term]
            end = _position(postings[0], begin, ends[term], first + len(sums), begin)
            found[term], begins[term] = begin, end
            _add(postings[0][begin:end], postings[1][begin:end], factors[term], np.int32(first), sums)


@njit
def _add(docs: IntArray, weights: FloatArray, factor: np.float32, first: np.int32, sums: FloatArray) -> None:
    for posting in range(len(docs)):
        sums[np.uint32(docs[posting] - first)] += factor * weights[posting]  # unsigned: no sign is checked


@njit
def _push_candidates(
    postings: Postings,
    query: Query,
    n_rest: int,
    rest: float,
    slack: float,
    first: int,
    sums: FloatArray,
    docs: IntArray,
    scores: FloatArray,
) -> None:
    """Pushes the documents of a window that score above the worst of a full heap."""
    products = np.zeros(len(query[0]), np.float32)
    worst = scores[0] / slack
    least = np.float32(worst - rest)
    for begin in range(0, len(sums), CHUNK):
        if not any_above(sums, begin, least):
            continue
        for column in range(begin, min(begin + CHUNK, len(sums))):
            if sums[column] > least:
                bound = np.float64(sums[column]) + rest
                score = _score_above(postings, query, n_rest, bound, worst, first + column, products)
                if score > scores[0]:
                    heap_push(docs, scores, len(docs), first + column, float(score))
                    worst = scores[0] / slack
                    least = np.float32(worst - rest)


@njit
def _score_above(
    postings: Postings,
    query: Query,
    n_rest: int,
    bound: float,
    least: float,
    doc: int,
    products: FloatArray,
) -> np.float32:
    """Returns the score of a document; 0 once a look-up of the rest, highest bound first, rules it out.

    Documents come in ascending order. `products` is where those with one document are kept.
    """
    factors, bounds, by_bound, essential, densities, ends, found = query
    docs, weights = postings
    for number in range(n_rest - 1, -1, -1):
        term = by_bound[number]
        guess = found[term]
        if guess < ends[term]:  # what is frequent is spread about evenly
            guess += int((doc - docs[guess]) * densities[term])
        place = _position(docs, found[term], ends[term], doc, guess)
        products[term], found[term] = _product(docs, weights, place, ends[term], doc, factors[term]), place
        bound += np.float64(products[term]) - np.float64(bounds[term])
        if bound <= least:
            return np.float32(0)
    score = np.float32(0)
    for term in range(len(bounds)):
        if essential[term]:
            place = _position(docs, found[term], ends[term], doc, found[term])
            products[term], found[term] = (
                _product(docs, weights, place, ends[term], doc, factors[term]),
                place,
            )
        score += products[term]
    return score


@njit
def _product(
    docs: IntArray, weights: FloatArray, place: int, end: int, doc: int, factor: np.float32
) -> np.float32:
    """Returns a term's product with a document, whose place `_position` gave; 0 if it is not there."""
    if place == end or docs[place] != doc:
        return np.float32(0)
    product: np.float32 = factor * weights[place]
    return product


@njit
def _position(docs: IntArray, begin: int, end: int, doc: int, guess: int) -> int:
    """Returns the place of the first document in `begin:end` that is not before the given one, else the end.

    It goes from the guess in steps that double, then by halves, so as to read few places.
    """
    low, high, step = begin, end, 4
    place = max(begin, min(guess, end - 1))
    if begin < end and docs[place] < doc:
        low, place = place + 1, place + step
        while place < end and docs[place] < doc:
            low, step = place + 1, 2 * step
            place += step
        high = min(place, end)
    elif begin < end:
        high, place = place, place - step
        while place >= begin and docs[place] >= doc:
            high, step = place, 2 * step
            place -= step
        low = max(place + 1, begin)
    while low < high:
        middle = (low + high) >> 1
        if docs[middle] < doc:
            low = middle + 1
        else:
            high = middle
    return low
