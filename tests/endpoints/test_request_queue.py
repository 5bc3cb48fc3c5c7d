"""Jobs that send requests: errors are raised once, and only once."""

import gc

import pytest

from hardneg.core.errors import DataError
from hardneg.endpoints.chat_model import Cost
from hardneg.endpoints.request_queue import RequestQueue
from hardneg.endpoints.settings import ServedSettings


def test_of_jobs_that_fail_at_the_same_time_the_first_is_raised_and_no_other_is_logged(caplog):
    async def work(job, attempt):
        raise DataError(f"job {job}")

    settings = ServedSettings("http://localhost", concurrency=4)
    queue = RequestQueue([], settings, "jobs", lambda job: Cost(1), work)
    with pytest.raises(DataError, match="job 0"):
        queue.run(range(8), lambda result: None)
    del queue
    gc.collect()  # a task whose error nobody has read logs it when it goes
    assert caplog.messages == []
