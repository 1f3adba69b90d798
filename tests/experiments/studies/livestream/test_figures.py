"""Figures of livestreams: they show the saved numbers, where and as large as these say."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.storage import figure_style
from weishang.experiments.studies.livestream import figures as livestream_figures
from weishang.experiments.studies.livestream.audiences import FIRST_HAND, TOLD, WHO
from weishang.experiments.studies.livestream.figures import SHOWN_LEVELS
from weishang.experiments.studies.livestream.verdict_rules import (
    BY_SHOWN,
    BY_VIEWERS,
    LIVE,
    NO_CHOICE,
    TRADITIONAL,
)


def row(kind, reading, value, band_low, band_high):
    return {
        "kind": kind,
        "reading": reading,
        "value": value,
        "ci_low": value - 0.01,
        "ci_high": value + 0.02,
        "reported_low": band_low,
        "reported_high": band_high,
    }


ESTIMATES = pd.DataFrame(
    [
        row(LIVE, BY_VIEWERS, 0.15, 0.1773, 0.2167),
        row(LIVE, BY_SHOWN, 0.03, 0.1773, 0.2167),
        row(NO_CHOICE, BY_VIEWERS, 0.12, np.nan, np.nan),
        row(NO_CHOICE, BY_SHOWN, 0.05, np.nan, np.nan),
    ]
)
SELECTION = pd.DataFrame(
    [
        {
            "kind": kind,
            "who": WHO[level],
            "interested_shown": 0.1 * level,
            "interested_visitors": 0.11 * level,
            "interested_buyers": 0.12 * level,
        }
        for kind in (LIVE, NO_CHOICE, TRADITIONAL)
        for level in SHOWN_LEVELS
    ]
)
ROOM_MINUTES = pd.DataFrame(
    {
        "replicate": [1, 1, 2, 2],
        "how": FIRST_HAND,
        "minute": [0, 1, 0, 1],
        "rooms": [2, 2, 2, 2],
        "viewers": [4, 8, 2, 6],
        "arrivals": [4, 5, 2, 4],
        "orders": [0, 2, 0, 0],
    }
)
MINUTES = pd.DataFrame(
    {
        "how": [FIRST_HAND, FIRST_HAND, TOLD, TOLD],
        "minute": [0, 1, 0, 1],
        "viewers": [1.5, 3.5, 0.0, 1.0],
        "arrivals": [1.5, 2.25, 0.0, 1.0],
        "orders": [0.0, 0.5, 0.0, 0.25],
    }
)


def test_conversions_are_in_percent_with_interval_and_band():
    (axes,) = livestream_figures.conversions(ESTIMATES).axes
    values = [float(container.lines[0].get_xdata()[0]) for container in axes.containers]
    assert values == pytest.approx([15.0, 3.0, 12.0, 5.0])
    low, high = axes.containers[0].lines[2][0].get_segments()[0][:, 0]
    assert (low, high) == pytest.approx((14.0, 17.0))
    boxes = [band.get_paths()[0].get_extents() for band in axes.collections if band.get_paths()]
    bands = [(box.x0, box.x1) for box in boxes if box.y1 - box.y0 > 0.5]
    assert np.allclose(bands, [(17.73, 21.67)])


def test_kinds_and_readings_are_named():
    figure = livestream_figures.conversions(ESTIMATES)
    (axes,) = figure.axes
    labels = [text.get_text().replace("\n", " ") for text in axes.get_yticklabels()]
    assert labels == [LIVE, NO_CHOICE]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        BY_VIEWERS,
        BY_SHOWN,
        "reported, ±10%",
    ]
    figure_style.check_labels(figure)


def test_interest_is_shown_from_shown_to_bought():
    figure = livestream_figures.interest(SELECTION)
    assert len(figure.axes) == 3
    for axes in figure.axes:
        lines = [line.get_ydata() for line in axes.lines]
        expected = [[10.0 * level, 11.0 * level, 12.0 * level] for level in SHOWN_LEVELS]
        assert np.allclose(lines, expected)
    figure_style.check_labels(figure)


def test_minutes_show_each_replicate_and_their_mean_by_how_viewers_heard():
    figure = livestream_figures.by_minute(ROOM_MINUTES, MINUTES)
    viewers, arrivals, orders = figure.axes
    assert [list(line.get_ydata()) for line in viewers.lines] == [
        [2.0, 4.0],
        [1.0, 3.0],
        [1.5, 3.5],
        [0.0, 1.0],
        [],
    ]
    assert list(arrivals.lines[2].get_ydata()) == [1.5, 2.25]
    assert list(orders.lines[3].get_ydata()) == [0.0, 0.25]
    assert len(viewers.get_legend().get_texts()) == 3
    figure_style.check_labels(figure)


def test_all_can_be_saved(tmp_path):
    with figure_style.styled():
        figure_style.save(livestream_figures.conversions(ESTIMATES), tmp_path / "conversions")
        figure_style.save(livestream_figures.interest(SELECTION), tmp_path / "interest")
        figure_style.save(livestream_figures.by_minute(ROOM_MINUTES, MINUTES), tmp_path / "minutes")
    assert len(list(tmp_path.iterdir())) == 6
