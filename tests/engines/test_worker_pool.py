"""Handing out jobs, on a cluster that is a list: calls end in the order that the test sets."""

from types import SimpleNamespace

import pytest

from hardneg.core.errors import ConfigError, DataError, HardnegError
from hardneg.engines._worker_pool import Worker, WorkerPool


class Lost(Exception):
    """A worker died."""


class Failed(Exception):
    """A job raised something that is no HardnegError."""


class Cluster:
    """Ends calls in the order of `ending`, each (worker, job), the start of a worker being (worker, None)."""

    exceptions = SimpleNamespace(RayError=Exception, RayTaskError=Failed)

    def __init__(self, ending, lost=(), failed=()):
        self.lost, self.failed = list(lost), list(failed)
        self.ending, self.given, self.killed, self.started, self.abandoned = list(ending), [], [], 0, []

    def start(self):
        worker, self.started = self.started, self.started + 1
        ready = SimpleNamespace(remote=lambda: (worker, None))
        return SimpleNamespace(
            name=worker, __ray_ready__=ready, do=SimpleNamespace(remote=lambda job: self._call(worker, job))
        )

    def _call(self, worker, job):
        self.given.append((worker, job))
        return (worker, job)

    def wait(self, calls, num_returns, timeout=None):
        if timeout:
            self.abandoned = calls
            return calls, []
        assert self.ending[0] in calls, f"{self.ending[0]} is not among {calls}"
        return [self.ending.pop(0)], []

    def get(self, call):
        if call in self.lost:
            self.lost.remove(call)
            raise Lost("out of memory")
        if call in self.failed:
            raise Failed("a bug")
        return call[1]

    def kill(self, worker):
        self.killed.append(worker.name)


def results(cluster, jobs, room=2, retries=1):
    return WorkerPool(cluster, cluster.start, lambda: room, iter(jobs), retries).results()


def test_no_worker_has_more_than_two_jobs_and_jobs_are_taken_as_they_are_handed_out():
    taken = []
    cluster = Cluster([(0, None), (1, None), (1, "b"), (0, "a")])
    found = results(cluster, (taken.append(job) or job for job in "abcdefgh"))
    assert next(found) == "b" and taken == list("abcd")
    assert next(found) == "a" and taken == list("abcde")
    assert cluster.given == [(0, "a"), (1, "b"), (0, "c"), (1, "d"), (1, "e")]
    found.close()
    assert cluster.killed == [0, 1] and cluster.abandoned == [(0, "c"), (1, "d"), (1, "e")]


def test_workers_are_started_for_jobs_that_are_there_and_only_as_many_as_there_is_room_for():
    assert list(results(Cluster([]), "")) == []
    cluster = Cluster([(0, None), (0, "a")])
    assert list(results(cluster, "a", room=9)) == ["a"] and cluster.started == 1
    cluster = Cluster([(0, None), (0, "a"), (0, "b"), (0, "c")])
    assert list(results(cluster, "abc", room=0)) == ["a", "b", "c"]  # waits for room, as Ray does


def test_a_worker_that_never_starts_keeps_no_job():
    cluster = Cluster([(0, None), (0, "a"), (0, "b"), (0, "c")])
    assert list(results(cluster, "abc")) == ["a", "b", "c"]
    assert cluster.started == 2 and cluster.abandoned == [(1, None)]


def test_errors_of_jobs_are_raised():
    error = HardnegError("no such model")
    with pytest.raises(HardnegError, match="no such model"):
        list(results(Cluster([(0, None), (0, error)]), [error]))
    with pytest.raises(Failed, match="a bug"):
        list(results(Cluster([(0, None), (0, "a")], failed=[(0, "a")]), "a"))


def test_a_lost_job_goes_to_another_worker_and_not_for_ever():
    cluster = Cluster([(0, None), (1, None), (0, "a"), (2, None), (1, "b"), (2, "a")], lost=[(0, "a")])
    assert list(results(cluster, "ab")) == ["b", "a"]
    assert cluster.given == [(0, "a"), (1, "b"), (2, "a")] and cluster.killed == [0, 1, 2]
    cluster = Cluster([(0, None), (0, "a"), (1, None), (1, "a")], lost=[(0, "a"), (1, "a")])
    with pytest.raises(ConfigError, match="lost a worker too often .out of memory."):
        list(results(cluster, "a"))


def test_workers_that_cannot_start_end_in_an_error():
    with pytest.raises(ConfigError, match="lost a worker too often"):
        list(results(Cluster([(0, None), (1, None)], lost=[(0, None), (1, None)]), "a", room=1))


def test_a_worker_opens_its_tool_once_and_returns_errors_that_a_user_can_mend(tmp_path):
    opened = []

    def opener():
        opened.append(1)
        return lambda job: job * 10

    worker = Worker(opener, str(tmp_path / "none"))
    assert [worker.do(job) for job in (1, 2)] == [10, 20] and len(opened) == 1

    def refused():
        raise DataError("no such file")

    error = Worker(refused, str(tmp_path / "none")).do(1)
    assert type(error) is HardnegError and str(error) == "no such file"
