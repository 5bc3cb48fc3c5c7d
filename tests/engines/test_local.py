from hardneg.core.components import ENGINES
from hardneg.engines.local import Local


def test_jobs_are_done_in_order_and_taken_one_by_one():
    events = []

    def jobs():
        for number in range(3):
            events.append(f"taken {number}")
            yield number

    def opener():
        events.append("opened")
        return lambda job: job * 10

    for result in Local().run(opener, jobs(), "decide"):
        events.append(result)
    assert events == ["opened", "taken 0", 0, "taken 1", 10, "taken 2", 20]


def test_engines_are_found_by_name():
    assert ENGINES.names() == ["local", "ray"]
    ray = ENGINES.make("ray:head:6379")
    assert (ray.address, ray.spreads, ENGINES.make("local").spreads) == ("head:6379", True, False)
    assert ENGINES.describe(ENGINES.make("local")) == {"local": {}}
