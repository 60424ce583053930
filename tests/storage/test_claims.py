from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from storing import address, always, of

from builders import MONDAY
from storage import Store, claims, open_store, sources

SOURCES = [of(f"s{n}") for n in range(60)]


def test_this_process_lives():
    assert claims.is_alive(claims.owner())


def test_a_process_that_ended_is_dead():
    name = subprocess.check_output(
        [sys.executable, "-c", "from storage import claims; print(claims.owner())"], text=True
    ).strip()
    assert name.split("/")[0] == claims.owner().split("/")[0]
    assert not claims.is_alive(name)


def test_a_process_that_runs_is_alive_and_a_killed_one_is_not():
    code = "from storage import claims; print(claims.owner(), flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        assert claims.is_alive(name)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has taken notice
        assert not claims.is_alive(name)
        child.wait()
        assert not claims.is_alive(name)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="start times are read from /proc")  # noqa: PTH110
def test_a_process_that_took_over_a_dead_ones_number_is_not_that_one():
    host, pid, started = claims.owner().rsplit("/", 2)
    assert not claims.is_alive(f"{host}/{pid}/{int(started) - 1}")


def test_of_a_process_on_another_host_nothing_is_known():
    assert claims.is_alive("elsewhere.example/1/1")


def test_two_threads_that_claim_at_once_share_nothing(store: Store):
    with store.begin() as db:
        sources.enroll(db, SOURCES)
    ready = threading.Barrier(4)
    got: dict[str, list[str]] = {}

    def work(owner: str) -> None:
        ready.wait()
        with store.begin() as db:
            claimed = sources.claim(db, SOURCES, now=MONDAY, owner=owner, is_alive=lambda _name: True, is_due=always)
        got[owner] = [source.name for source, _state in claimed]

    workers = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(name for names in got.values() for name in names) == sorted(source.name for source in SOURCES)


_CLAIM = """
import sys
from datetime import datetime
from storage import claims, open_store, sources
from storing import always, of
from builders import MONDAY
wanted = [of(f"s{n}") for n in range(60)]
store = open_store(sys.argv[1])
print("ready", flush=True)
input()
for source in wanted:
    with store.begin() as db:
        for claimed, _ in sources.claim(
            db, [source], now=MONDAY, owner=claims.owner(), is_alive=claims.is_alive, is_due=always
        ):
            print(claimed.name, flush=True)
print("done", flush=True)
input()
"""


def test_processes_that_claim_at_once_share_nothing_and_a_dead_ones_claims_are_free(store: Store):
    with store.begin() as db:
        sources.enroll(db, SOURCES)
    here = os.path.dirname(__file__)  # noqa: PTH120
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([here, os.path.dirname(here), os.getcwd()])}  # noqa: PTH109, PTH120
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _CLAIM, address(store)],
            env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    try:
        for child in children:
            assert child.stdout.readline() == "ready\n"
        for child in children:
            child.stdin.write("\n")
            child.stdin.flush()
        got = [list(iter(child.stdout.readline, "done\n")) for child in children]
        names = [name.strip() for some in got for name in some]
        assert sorted(names) == sorted(source.name for source in SOURCES)
        assert _free(store) == 0
        children[0].kill()
        children[0].wait()
        assert _free(store) == len(got[0])
    finally:
        for child in children:
            child.kill()
            child.communicate()


def _free(store: Store) -> int:
    with store.begin() as db:
        free = len(sources.claim(db, SOURCES, now=MONDAY, owner="me", is_alive=claims.is_alive, is_due=always))
        sources.release(db, owner="me")
    return free


def test_a_store_of_its_own_sees_the_claims(store: Store):
    with store.begin() as db:
        sources.enroll(db, SOURCES)
        sources.claim(db, SOURCES, now=MONDAY, owner="me", is_alive=lambda _name: True, is_due=always)
    other = open_store(address(store))
    with other.begin() as db:
        assert sources.claim(db, SOURCES, now=MONDAY, owner="you", is_alive=lambda _name: True, is_due=always) == []
    other.close()
