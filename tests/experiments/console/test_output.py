"""What commands answer on stdout, in each manner."""

import json

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.console import progress
from weishang.experiments.console.output import say, show
from weishang.experiments.console.progress import Log

FRAME = pd.DataFrame(
    {
        "name": ["[red]x", "[/y]", None],
        "value": [28741.3, float("nan"), 0.08160491234567],
        "count": [1, 2, 3],
        "fits": [True, False, True],
    }
)


@pytest.fixture(autouse=True)
def _lines():
    progress.use(Log.LINES)
    yield
    progress.use(None)


def test_a_table_has_every_cell_and_takes_nothing_for_markup(capsys):
    show(FRAME, "Reach [/bold]")
    told = capsys.readouterr().out
    for text in ("Reach [/bold]", "[red]x", "[/y]", "28,741", "0.0816", "True"):
        assert text in told


def test_a_table_as_json_has_all_digits(capsys):
    progress.use(Log.JSON)
    show(FRAME, "Reach")
    told = json.loads(capsys.readouterr().out)
    assert told["title"] == "Reach"
    assert told["rows"] == [
        {"name": "[red]x", "value": 28741.3, "count": 1, "fits": True},
        {"name": "[/y]", "value": None, "count": 2, "fits": False},
        {"name": None, "value": 0.08160491234567, "count": 3, "fits": True},
    ]


def test_json_says_what_it_has_no_word_for(capsys):
    progress.use(Log.JSON)
    values = [np.float64("inf"), np.uint64(2**64 - 1), pd.Timestamp("2026-01-02"), pd.NA, (1, 2)]
    show(pd.DataFrame({"value": pd.Series(values, dtype=object)}), "Odd")
    rows = json.loads(capsys.readouterr().out)["rows"]
    expected = ["inf", 2**64 - 1, "2026-01-02 00:00:00", None, "(1, 2)"]
    assert [row["value"] for row in rows] == expected


def test_a_line(capsys):
    say("It fits.")
    assert capsys.readouterr().out == "It fits.\n"
    progress.use(Log.JSON)
    say("It fits.")
    assert json.loads(capsys.readouterr().out) == {"text": "It fits."}


def test_quiet_answers_nothing(capsys):
    progress.use(Log.QUIET)
    show(FRAME, "Reach")
    say("It fits.")
    assert capsys.readouterr() == ("", "")
