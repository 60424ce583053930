"""One host's requests are kept apart, whatever the order in which they are asked for and done."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from feeds.fetching.politeness import HostQueues, PerHost

SECOND = timedelta(seconds=1)


def queues(*jobs: tuple[str, int], connections: int = 2, spacing: timedelta = SECOND) -> HostQueues[int]:
    made: HostQueues[int] = HostQueues(PerHost(connections=connections, spacing=spacing))
    for host, job in jobs:
        made.put(host, job)
    return made


def test_requests_to_one_host_are_spaced():
    hosts = queues(("a", 1), ("a", 2))
    assert (hosts.take(0.0), hosts.take(0.0), hosts.next_at()) == (1, None, 1.0)
    assert (hosts.take(0.9), hosts.take(1.0)) == (None, 2)


def test_a_host_has_at_most_two_requests_at_once():
    hosts = queues(*(("a", job) for job in range(3)))
    assert [hosts.take(now) for now in (0.0, 1.0, 2.0, 60.0)] == [0, 1, None, None]
    assert hosts.next_at() is None
    hosts.done("a")
    assert hosts.take(60.0) == 2


def test_hosts_do_not_wait_for_each_other():
    hosts = queues(("a", 1), ("a", 2), ("b", 3), ("c", 4))
    assert [hosts.take(0.0) for _ in range(4)] == [1, 3, 4, None]


def test_what_is_given_up_is_not_asked_and_other_hosts_are():
    hosts = queues(("a", 1), ("a", 2), ("a", 3), ("b", 4))
    assert hosts.take(0.0) == 1
    assert hosts.give_up("a") == [2, 3]
    hosts.done("a")
    assert [hosts.take(5.0), hosts.take(5.0), hosts.next_at()] == [4, None, None]
    hosts.put("a", 5)
    assert hosts.take(5.0) == 5


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.0, 5.0)), max_size=40),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_every_job_is_asked_once_in_turn_spaced_and_few_at_a_time(jobs, connections, spacing):
    hosts = queues(
        *((host, number) for number, (host, _seconds) in enumerate(jobs)),
        connections=connections, spacing=timedelta(seconds=spacing),
    )  # fmt: skip
    now, ends, started = 0.0, [], []
    while len(started) < len(jobs) or ends:
        while (job := hosts.take(now)) is not None:
            host, seconds = jobs[job]
            assert sum(other == host for _end, other in ends) < connections
            started.append((now, host, job))
            ends = sorted([*ends, (now + seconds, host)])
        moments = [moment for moment in (hosts.next_at(), *(end for end, _host in ends)) if moment is not None]
        if not moments:
            break
        now = max(now, min(moments))
        for _end, host in [each for each in ends if each[0] <= now]:
            hosts.done(host)
        ends = [each for each in ends if each[0] > now]
    for name in "abc":
        starts = [(at, job) for at, host, job in started if host == name]
        assert [job for _at, job in starts] == [number for number, (host, _) in enumerate(jobs) if host == name]
        assert all(later >= earlier + spacing for (earlier, _), (later, _) in pairwise(starts))
