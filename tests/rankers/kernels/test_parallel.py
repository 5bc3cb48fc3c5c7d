import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from hardneg.rankers.kernels import parallel as room
from hardneg.rankers.kernels.parallel import parallel_for, single_threaded_blas


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.fixture
def four(monkeypatch):
    monkeypatch.setattr(room, "threads", lambda: 4)


@pytest.mark.parametrize(("count", "size"), [(0, None), (1, None), (7, None), (100, None), (100, 7)])
def test_every_row_is_worked_on_once(four, count, size):
    seen = np.zeros(count, int)

    def work(rows):
        seen[rows] += 1

    parallel_for(work, count, size)
    assert (seen == 1).all()


def test_parts_are_worked_on_side_by_side(four):
    meeting = threading.Barrier(4, timeout=20)  # breaks unless four are inside at once
    parallel_for(lambda rows: meeting.wait(), 4, 1)


def test_work_within_work_is_done_at_once(four):
    names = set()

    def outer(rows):
        mine = threading.current_thread().name
        parallel_for(lambda inner: names.add((mine, threading.current_thread().name)), 8)

    parallel_for(outer, 8)
    assert names and all(outside == inside for outside, inside in names)


def test_one_thread_needs_no_other(monkeypatch):
    monkeypatch.setattr(room, "threads", lambda: 1)
    names = set()
    parallel_for(lambda rows: names.add(threading.current_thread()), 9, 2)
    assert names == {threading.current_thread()}


def test_what_goes_wrong_is_raised(four):
    with pytest.raises(ZeroDivisionError):
        parallel_for(lambda rows: 1 // rows.start, 8, 1)


def test_libraries_are_limited_until_the_last_has_left():
    before = blas_threads()
    with single_threaded_blas():
        with single_threaded_blas():
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert blas_threads() == before
