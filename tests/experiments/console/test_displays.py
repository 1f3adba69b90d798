"""Displays: what each tells of stages and notes, and that it tells it on stderr alone."""

import errno
import io
import json
import re
import sys
import time
from datetime import datetime, timedelta

import pytest

from weishang.experiments.console import displays
from weishang.experiments.console.displays import Bars, Lines, Objects, Silence, Task, one_line

CLOCK = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "


def wait_for(capsys, words, seconds=300.0):
    """What stderr holds as soon as the words are in it."""
    told, end = "", time.monotonic() + seconds
    while words not in told and time.monotonic() < end:
        time.sleep(0.01)
        told += capsys.readouterr().err
    assert words in told
    return told


def test_a_line_tells_all_stages_and_the_innermost_ones_times(capsys):
    lines = Lines()
    with lines.task("outer", 2, 0), lines.task("inner", 1_000, 0) as advance:
        advance(250)
        lines._tasks[1].began -= 200.0
        lines.running(lines._tasks)
    told = capsys.readouterr().err.splitlines()
    assert re.fullmatch(CLOCK + "outer 0/2: inner 250/1,000, 3 min, about 10 min left", told[0])
    assert re.fullmatch(CLOCK + "done: inner 250/1,000, 3 min", told[1])
    assert len(told) == 2


def test_a_line_comes_though_no_step_ends(capsys, monkeypatch):
    monkeypatch.setattr(Lines, "every", 0.05)
    with Lines() as lines, lines.task("one long step", None, 0):
        told = wait_for(capsys, "one long step, ")
    assert re.match(CLOCK + r"one long step, \d+ s\n", told)


def test_only_the_end_of_a_long_stage_is_worth_a_line(capsys):
    lines = Lines()
    with lines.task("short", 1, 0):
        pass
    assert capsys.readouterr().err == ""
    with lines.task("long", 3, 0) as advance:
        lines._tasks[0].began -= 200.0
        advance(3)
    assert re.fullmatch(CLOCK + r"done: long 3/3, 3 min\n", capsys.readouterr().err)


def test_a_stage_that_fails_is_not_told_done(capsys):
    objects = Objects()
    with pytest.raises(ValueError, match="no"), objects.task("fails", 1, 0):
        raise ValueError("no")
    assert capsys.readouterr().err == ""
    assert objects._tasks == []


def test_an_object_a_line(capsys):
    objects = Objects()
    with objects.task("微商\nsweep", 4, 1) as advance:
        advance()
        objects._tasks[0].began -= 200.0
        objects.running(objects._tasks)
        objects.note("resumes after day 12")
        advance(2)
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    for event in events:
        assert datetime.fromisoformat(event.pop("time")).utcoffset() == timedelta(0)
    progress, note, done = events
    assert progress.pop("seconds") == pytest.approx(200.0, abs=20.0)
    assert progress == {"event": "progress", "stage": "微商 sweep", "done": 2, "total": 4}
    assert note == {"event": "note", "text": "resumes after day 12"}
    assert done.pop("seconds") >= 200.0
    assert done == {"event": "done", "stage": "微商 sweep", "done": 4, "total": 4}


def test_silence_tells_nothing(capsys):
    with Silence() as silence, silence.task("work", 2, 0) as advance:
        advance()
        advance(1)
        silence.note("a note")
    assert capsys.readouterr() == ("", "")


def test_bars_end_in_their_last_state(capsys):
    with Bars() as bars, bars.task("[/work]", 10, 3) as advance:
        advance(7)
        bars.note("[bold]a note")
    told = capsys.readouterr()
    assert told.out == ""
    assert "[bold]a note\n" in told.err
    assert re.search(r"\[/work\] .* 10/10", told.err)


def test_bars_leave_nothing_beside_an_error(capsys):
    with pytest.raises(ValueError, match="no"), Bars() as bars, bars.task("work", 10, 0):
        raise ValueError("no")
    assert capsys.readouterr().err == ""


def test_bars_that_are_not_shown_take_notes_and_no_tasks(capsys):
    bars = Bars()
    bars.note("before the work")
    assert capsys.readouterr().err == "before the work\n"
    with pytest.raises(RuntimeError, match="enter them"), bars.task("work", 1, 0):
        pass


def test_the_rest_is_estimated_from_what_this_run_has_done():
    task = Task("sweep", total=100, before=60)
    task.began -= 50.0
    assert task.seconds_left is None
    task.done += 10
    assert task.seconds_left == pytest.approx(150.0, rel=0.01)
    task.done += 40
    assert task.seconds_left == 0.0
    assert Task("open end", total=None).seconds_left is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (65, "65 s"), (754, "13 min"), (11_000, "3.1 h")]
)
def test_spans_in_words(seconds, words):
    assert displays.in_words(seconds) == words


def test_one_line_keeps_text_and_disarms_control_characters():
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("微商 [x] \\n") == "微商 [x] \\n"
    assert one_line("\x1b[2Jgone\x00\udcff\u202e") == "\\x1b[2Jgone\\x00\\udcff\\u202e"


class FullDisk(io.StringIO):
    def write(self, text):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("stream", [None, FullDisk()])
def test_a_log_that_cannot_be_written_ends_no_run(monkeypatch, stream, capsys):
    monkeypatch.setattr(sys, "stderr", stream)
    displays.write("a line")
    assert capsys.readouterr().out == ""
