"""The handing out of jobs, over a cluster that is a list: calls end when the test says so."""

from types import SimpleNamespace

import pytest

from hardneg.core.errors import ConfigError, HardnegError
from hardneg.engines._worker_pool import Refused, WorkerPool


class Lost(Exception):
    pass


class Cluster:
    """Ends the calls in the order of `ending`, of (worker, job); all others never end."""

    exceptions = SimpleNamespace(RayActorError=Lost)

    def __init__(self, ending, lost=()):
        self.lost = list(lost)
        self.ending, self.given, self.killed, self.hired, self.given_up = list(ending), [], [], 0, []

    def hire(self):
        worker, self.hired = self.hired, self.hired + 1
        return SimpleNamespace(name=worker, do=SimpleNamespace(remote=lambda job: self._call(worker, job)))

    def _call(self, worker, job):
        self.given.append((worker, job))
        return (worker, job)

    def wait(self, calls, num_returns, timeout):
        if num_returns > 1:
            self.given_up = calls
            return calls, []
        if self.ending and self.ending[0] in calls:
            return [self.ending.pop(0)], []
        assert self.ending, "nothing will end any more"
        return [], calls

    def get(self, call):
        if call in self.lost:
            self.lost.remove(call)
            raise Lost("out of memory")
        return call[1]

    def kill(self, worker):
        self.killed.append(worker.name)


def crew(cluster, jobs, most=2, patience=1_000.0, retries=1):
    return WorkerPool(cluster, cluster.hire, most, iter(jobs), patience, retries).results()


def test_no_worker_has_more_than_two_jobs_and_jobs_are_not_taken_early():
    taken = []
    cluster = Cluster([(1, "b"), (0, "a")])
    found = crew(cluster, (taken.append(job) or job for job in "abcdefgh"))
    assert next(found) == "b" and taken == list("abcd")
    assert next(found) == "a" and taken == list("abcde")
    assert cluster.given == [(0, "a"), (1, "b"), (0, "c"), (1, "d"), (1, "e")]
    found.close()
    assert cluster.killed == [0, 1] and cluster.given_up == [(0, "c"), (1, "d"), (1, "e")]


def test_what_stays_away_is_given_to_an_idle_worker_and_counts_once():
    cluster = Cluster([(1, "b"), (1, "a"), (0, "a")])
    assert list(crew(cluster, "ab", patience=0)) == ["b", "a"]
    assert cluster.given == [(0, "a"), (1, "b"), (1, "a")]
    assert Cluster([]).hired == 0 and list(crew(Cluster([]), "")) == []


def test_errors_come_back():
    with pytest.raises(HardnegError, match="no such model"):
        list(crew(Cluster([(0, Refused("no such model"))]), [Refused("no such model")]))


def test_a_lost_job_goes_to_a_new_worker_and_not_for_ever():
    cluster = Cluster([(0, "a"), (1, "b"), (2, "a")], lost=[(0, "a")])
    assert list(crew(cluster, "ab")) == ["b", "a"]
    assert cluster.given == [(0, "a"), (1, "b"), (2, "a")]
    with pytest.raises(ConfigError, match="lost a worker too often .out of memory."):
        list(crew(Cluster([(0, "a"), (1, "a")], lost=[(0, "a"), (1, "a")]), "a"))
