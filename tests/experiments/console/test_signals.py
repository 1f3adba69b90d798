"""Signals that ask to stop: deferred within a block, answered with the code to requeue by."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from weishang.experiments.console import signals
from weishang.experiments.console.exit_codes import REQUEUE
from weishang.experiments.console.signals import GracefulExit, deferred_signals, requeue_on_signals

ASKING = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Whatever a test installs, the handlers from before come back."""
    before = {one: signal.getsignal(one) for one in ASKING}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def leave_after(*signums: signal.Signals) -> None:
    """Work that is asked so, and leaves when it has saved."""
    with deferred_signals() as stop:
        assert not stop.requested
        for signum in signums:
            signal.raise_signal(signum)
            assert stop.requested
        stop.exit()


def fail_after(signum: signal.Signals) -> None:
    with deferred_signals():
        signal.raise_signal(signum)
        raise ValueError("full")


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGTERM, 75), (signal.SIGUSR1, 75), (signal.SIGINT, 130)]
)
def test_a_signal_is_noted_and_answered_with_its_code(signum: signal.Signals, code: int) -> None:
    with pytest.raises(GracefulExit) as left:
        leave_after(signum)
    assert left.value.code == code
    assert left.value.signal == signum


def test_leaving_unasked_is_a_mistake() -> None:
    with deferred_signals() as stop, pytest.raises(RuntimeError, match="no signal has asked"):
        stop.exit()


def test_the_first_signal_decides() -> None:
    with pytest.raises(GracefulExit) as left:
        leave_after(signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    assert left.value.signal == signal.SIGINT


@pytest.mark.parametrize("first", ASKING)
def test_an_interruption_after_a_signal_does_not_wait(first: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt):
        leave_after(first, signal.SIGINT)


def test_handlers_come_back_when_the_block_ends_or_raises() -> None:
    before = [signal.getsignal(one) for one in ASKING]
    with deferred_signals():
        assert [signal.getsignal(one) for one in ASKING] != before
    assert [signal.getsignal(one) for one in ASKING] == before
    with pytest.raises(GracefulExit):
        leave_after(signal.SIGUSR1)
    assert [signal.getsignal(one) for one in ASKING] == before


def test_a_signal_that_nobody_answered_is_sent_again() -> None:
    got = []
    signal.signal(signal.SIGUSR1, lambda signum, frame: got.append(signum))
    with deferred_signals() as stop:
        signal.raise_signal(signal.SIGUSR1)
        assert stop.requested
        assert got == []
    assert got == [signal.SIGUSR1]


def test_a_block_that_raises_keeps_its_own_error() -> None:
    got = []
    signal.signal(signal.SIGUSR1, lambda signum, frame: got.append(signum))
    with pytest.raises(ValueError, match="full"):
        fail_after(signal.SIGUSR1)
    assert got == []


def test_the_outer_block_hears_what_the_inner_did_not_answer() -> None:
    with deferred_signals() as outer:
        with deferred_signals() as inner:
            signal.raise_signal(signal.SIGTERM)
            assert inner.requested
            assert not outer.requested
        assert outer.requested
        # Answered here, or it would be sent on to these tests.
        outer.signal = None


def test_no_signal_is_noted_in_another_thread() -> None:
    before = [signal.getsignal(one) for one in ASKING]
    seen = []

    def work() -> None:
        with deferred_signals() as stop:
            seen.append(stop.requested)
            seen.append([signal.getsignal(one) for one in ASKING])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, before]


@pytest.mark.parametrize("signum", signals.PREEMPTIONS)
def test_outside_of_a_block_a_command_that_goes_on_leaves_at_once(signum: signal.Signals) -> None:
    requeue_on_signals()
    with pytest.raises(GracefulExit) as left:
        signal.raise_signal(signum)
    assert left.value.code == REQUEUE == 75


def test_a_process_ends_with_the_code_that_slurm_requeues_by() -> None:
    """A real process: 75 within a block when it answers, 75 outside of one."""
    program = (
        "import sys, time\n"
        "from weishang.experiments.console.signals import deferred_signals, requeue_on_signals\n"
        "requeue_on_signals()\n"
        "if sys.argv[1] == 'in':\n"
        "    with deferred_signals() as stop:\n"
        "        print('ready', flush=True)\n"
        "        while not stop.requested:\n"
        "            time.sleep(0.01)\n"
        "        print('saved', flush=True)\n"
        "        stop.exit()\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    for place, told in (("in", "saved"), ("out", "")):
        process = subprocess.Popen(
            [sys.executable, "-c", program, place], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGUSR1)
        rest, _ = process.communicate(timeout=300)
        assert (process.returncode, rest.strip()) == (75, told)
