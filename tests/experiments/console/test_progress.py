"""Stages and notes: the manner is the command line's, the environment's, or the terminal's."""

import json
import logging
import sys

import pytest

from weishang.experiments.console import displays, progress
from weishang.experiments.console.progress import Log, note, stage


@pytest.fixture(autouse=True)
def _no_manner_yet(monkeypatch):
    monkeypatch.delenv(progress.VARIABLE, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    progress.use(None)
    yield
    progress.use(None)


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_bars_on_a_terminal(terminal):
    assert progress.manner() is Log.BARS


def test_lines_where_there_is_none():
    assert progress.manner() is Log.LINES


@pytest.mark.parametrize("name", ["dumb", "unknown"])
def test_lines_on_a_terminal_that_cannot_move_its_cursor(terminal, monkeypatch, name):
    monkeypatch.setenv("TERM", name)
    assert progress.manner() is Log.LINES


def test_lines_without_any_stderr(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert progress.manner() is Log.LINES


def test_the_environment_names_a_manner_and_the_command_line_another(monkeypatch):
    monkeypatch.setenv(progress.VARIABLE, "json")
    assert progress.manner() is Log.JSON
    progress.use(Log.QUIET)
    assert progress.manner() is Log.QUIET
    progress.use(Log.AUTO)
    assert progress.manner() is Log.LINES


def test_a_word_that_is_no_manner_is_auto(monkeypatch):
    monkeypatch.setenv(progress.VARIABLE, "loud")
    assert progress.manner() is Log.LINES


@pytest.mark.parametrize("log", list(Log))
def test_stages_within_stages_share_one_display(log, capsys):
    progress.use(log)
    with stage("outer", 2) as outer:
        shared = progress._display.get()
        with stage("inner", 3) as inner:
            assert progress._display.get() is shared
            inner(2)
        outer()
    assert progress._display.get() is None
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("log", list(Log))
def test_a_stage_that_fails_leaves_no_display_and_no_word(log, capsys):
    progress.use(log)
    with pytest.raises(ValueError, match="no"), stage("work", 2):
        raise ValueError("no")
    assert progress._display.get() is None
    assert capsys.readouterr().err == ""


def test_steps_of_an_earlier_run_are_counted_from_the_start(capsys):
    progress.use(Log.JSON)
    with stage("sweep", 10, done=4) as advance:
        advance(6)
    done = json.loads(capsys.readouterr().err)
    assert (done["event"], done["done"], done["total"]) == ("done", 10, 10)


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("log", [Log.BARS, Log.LINES, Log.JSON, Log.QUIET])
def test_a_note_is_one_line(log, shown, capsys):
    progress.use(log)
    if shown:
        with stage("work"):
            note("resumes\nafter day 12")
    else:
        note("resumes\nafter day 12")
    told = capsys.readouterr()
    lines = [line for line in told.err.splitlines() if "resumes after day 12" in line]
    assert len(lines) == (0 if log is Log.QUIET else 1)
    assert told.out == ""


def test_what_is_logged_is_a_note(capsys):
    logger = logging.Logger("trial")
    logger.addHandler(progress.Notes(logging.WARNING))
    progress.use(Log.JSON)
    logger.info("too small")
    logger.warning("weishang: backend 'auto' is %r", "numba")
    event = json.loads(capsys.readouterr().err)
    assert (event["event"], event["text"]) == ("note", "backend 'auto' is 'numba'")


@pytest.mark.parametrize("log", [Log.BARS, Log.LINES, Log.QUIET])
def test_an_error_is_told_in_every_manner(log, capsys):
    progress.use(log)
    progress.error("graph.txt: is\nempty", 2)
    assert capsys.readouterr().err == "weishang: graph.txt: is empty\n"


def test_an_error_as_json_has_its_code(capsys):
    progress.use(Log.JSON)
    progress.error("graph.txt: is\nempty", 2)
    event = json.loads(capsys.readouterr().err)
    assert event.pop("time")
    assert event == {"event": "error", "text": "graph.txt: is empty", "code": 2}


def test_a_minute_lies_between_lines():
    assert displays.Lines.every == 60.0
