"""Threads that share parts out: all parts, once each, in order, and nothing left behind."""

import gc
import os
import subprocess
import sys
import threading
import time
import weakref

import pytest

from weishang.kernels.runtime import thread_pool
from weishang.kernels.runtime.thread_pool import share_out, usable_threads

PARTS = 40


def slow_square(place, memory):
    memory.append(place)
    time.sleep(0.001)
    return place * place


@pytest.mark.parametrize("workers", [1, 2, 3, 64])
def test_every_part_is_done_once_and_results_stand_in_order(workers):
    memories = []

    def make():
        memories.append([])
        return memories[-1]

    assert share_out(PARTS, workers, make, slow_square) == [n * n for n in range(PARTS)]
    assert sorted(place for memory in memories for place in memory) == list(range(PARTS))
    assert 1 <= len(memories) <= min(workers, PARTS)


def test_no_parts_make_no_memory():
    assert share_out(0, 4, pytest.fail, slow_square) == []


def test_others_are_asked_only_when_the_caller_has_been_alone_for_long():
    def who(place, memory):
        time.sleep(0.002)
        return threading.get_ident()

    me = {threading.get_ident()}
    assert set(share_out(5, 4, list, who, alone=60.0)) == me
    assert share_out(PARTS, 4, list, who, alone=0.01)[0] in me
    assert len(set(share_out(PARTS, 4, list, who, alone=0.01))) > 1


@pytest.mark.parametrize("fails", [0, PARTS - 1])
def test_a_part_that_fails_fails_the_call_and_the_pool_goes_on(fails):
    def do(place, memory):
        time.sleep(0.001)
        if place == fails:
            raise MemoryError("no room")

    for _ in range(3):
        with pytest.raises(MemoryError, match="no room"):
            share_out(PARTS, 3, list, do)
    assert share_out(3, 3, list, slow_square) == [0, 1, 4]


def test_calls_from_several_threads_do_not_mix():
    found = {}

    def call(number):
        found[number] = share_out(PARTS, 3, list, lambda place, _: (number, place))

    callers = [threading.Thread(target=call, args=(number,)) for number in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert found == {n: [(n, place) for place in range(PARTS)] for n in range(5)}


def test_a_process_among_several_takes_its_share_of_the_cores():
    told = (
        "from weishang.kernels.runtime.thread_pool import usable_threads; print(usable_threads())"
    )
    for threads in (1, 3):
        environment = {**os.environ, "NUMBA_NUM_THREADS": str(threads)}
        done = subprocess.run(
            [sys.executable, "-c", told], capture_output=True, text=True, env=environment
        )
        assert int(done.stdout) == threads
    assert usable_threads() >= 1


def test_nothing_of_a_job_is_kept():
    class Held:
        pass

    held = Held()
    alive = weakref.ref(held)
    share_out(PARTS, 4, list, lambda place, memory, held=held: time.sleep(0.001))
    del held
    # A helper that wakes late looks at the job once more.
    for _ in range(100):
        gc.collect()
        if alive() is None:
            return
        time.sleep(0.01)
    pytest.fail("a thread of the pool still holds the job")


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked as on Linux")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_a_pool_of_its_own():
    share_out(PARTS, 3, list, slow_square)
    child = os.fork()
    if child == 0:
        done = share_out(PARTS, 3, list, slow_square) == [n * n for n in range(PARTS)]
        os._exit(0 if done else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert thread_pool._pool._threads >= 2


def test_parts_that_nobody_has_begun_are_not_done_once_the_caller_has_failed():
    me, done = threading.get_ident(), []

    def do(place, memory):
        if threading.get_ident() == me:
            raise KeyboardInterrupt
        time.sleep(0.001)
        done.append(place)

    with pytest.raises(KeyboardInterrupt):
        share_out(10_000, 2, list, do)
    assert len(done) < 1_000


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_that_numba_turned_into_another_error_is_an_interrupt(workers):
    def do(place, memory):
        try:
            raise SystemError("inner: a result with an exception set") from KeyboardInterrupt()
        except SystemError as error:
            raise SystemError("outer: a result with an exception set") from error

    with pytest.raises(KeyboardInterrupt):
        share_out(4, workers, list, do)

    def defect(place, memory):
        raise SystemError("of Python's own")

    with pytest.raises(SystemError, match="Python's own"):
        share_out(4, workers, list, defect)
