"""Figures of reach: they show the saved numbers, where and as large as these say."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.analysis.estimands import ALL, BY_REACHED, BY_VISITS, THERE
from weishang.experiments.storage import figure_style
from weishang.experiments.studies.reach import figures as reach_figures

CAMPAIGNS = pd.DataFrame(
    {"reach_1": [100, 120, 0, 90], "reach_2": [0, 3000, 0, 40], "reach_3": [0, 0, 0, 0]}
)


def row(figure, reading, value, low, high, band_low, band_high):
    return {
        "figure": figure,
        "reading": reading,
        "value": value,
        "ci_low": low,
        "ci_high": high,
        "reported_low": band_low,
        "reported_high": band_high,
    }


ESTIMANDS = pd.DataFrame(
    [
        row("t2_l1_reach", THERE, 103.0, 90.0, 120.0, 150.0, 200.0),
        row("t2_l2_reach", THERE, 1520.0, 40.0, 3000.0, 3000.0, 5000.0),
        row("t2_l3_reach", THERE, 7.0, 5.0, 9.0, 50_000.0, np.nan),
        row("t2_l1_reach", ALL, 77.5, 50.0, 110.0, 150.0, 200.0),
        row("t2_l2_reach", ALL, 760.0, 10.0, 1500.0, 3000.0, 5000.0),
        row("t2_l3_reach", ALL, 2.0, 1.0, 3.0, 50_000.0, np.nan),
        row("l1_conv", BY_REACHED, 0.13, 0.12, 0.14, 0.1143, 0.1397),
        row("l2_conv", BY_REACHED, 0.05, 0.04, 0.07, 0.0432, 0.0528),
        row("conv_system", BY_REACHED, 0.04, 0.03, 0.05, 0.0387, 0.0473),
        row("t1_moments_conv", BY_VISITS, 0.1, 0.08, 0.15, 0.0738, 0.0902),
        row("t1_moments_conv", BY_REACHED, 0.06, 0.05, 0.08, 0.0738, 0.0902),
    ]
)


def bands(axes):
    """Left, right, lower and upper end of every shaded band."""
    found = [band.get_paths()[0].get_extents() for band in axes.collections if band.get_paths()]
    return [(box.x0, box.x1, box.y0, box.y1) for box in found if box.x1 - box.x0 > 0.1]


def marks(axes, marker):
    """Points drawn with a marker, legends aside."""
    points = [
        line.get_xydata()
        for line in axes.lines
        if line.get_marker() == marker and line.get_xdata().size
    ]
    return np.concatenate(points)


def errors(axes):
    """Lower and upper ends of the error bars, in the order drawn."""
    return [
        tuple(float(y) for y in container.lines[2][0].get_segments()[0][:, 1])
        for container in axes.containers
    ]


def test_reach_shows_every_campaign_that_gets_to_a_level():
    (axes,) = reach_figures.reach_by_level(CAMPAIGNS, ESTIMANDS).axes
    points = marks(axes, ".")
    assert sorted(points[:, 1].tolist()) == [40.0, 90.0, 100.0, 120.0, 3000.0]
    assert np.rint(points[:, 0]).astype(int).tolist() == [1, 1, 1, 2, 2]
    assert axes.get_yscale() == "log"


def test_reach_shows_both_means_with_their_intervals():
    (axes,) = reach_figures.reach_by_level(CAMPAIGNS, ESTIMANDS).axes
    assert marks(axes, "o")[:, 1].tolist() == [103.0, 1520.0, 7.0]
    assert marks(axes, "s")[:, 1].tolist() == [77.5, 760.0, 2.0]
    for mark in "os":
        assert np.abs(marks(axes, mark)[:, 0] - [1, 2, 3]).max() < 0.3
    expected = [(90, 120), (50, 110), (40, 3000), (10, 1500), (5, 9), (1, 3)]
    assert np.allclose(errors(axes), expected)
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert sorted(legend) == sorted([THERE, ALL, "reported", "a campaign"])


def test_reach_shades_what_is_reported_and_an_open_end_to_the_top():
    (axes,) = reach_figures.reach_by_level(CAMPAIGNS, ESTIMANDS).axes
    expected = [(150.0, 200.0), (3000.0, 5000.0), (50_000.0, figure_style.OPEN_END)]
    assert [(low, high) for _, _, low, high in bands(axes)] == expected
    assert [(left + right) / 2 for left, right, _, _ in bands(axes)] == pytest.approx([1, 2, 3])


def test_conversions_are_shown_in_percent_with_band_and_interval():
    (axes,) = reach_figures.conversions(ESTIMANDS).axes
    assert np.allclose(marks(axes, "o")[:, 1], [13, 5, 4, 10, 6])
    assert np.allclose(errors(axes), [(12, 14), (4, 7), (3, 5), (8, 15), (5, 8)])
    shaded = bands(axes)
    assert len(shaded) == 5
    assert np.allclose(shaded[0][2:], (11.43, 13.97))
    assert axes.get_ylim()[0] == 0.0
    assert len(axes.get_xticklabels()) == 5


def test_every_axis_has_its_label():
    for figure in (
        reach_figures.reach_by_level(CAMPAIGNS, ESTIMANDS),
        reach_figures.conversions(ESTIMANDS),
    ):
        figure_style.check_labels(figure)


def test_a_level_that_nobody_gets_to_is_drawn_empty(tmp_path):
    nobody = CAMPAIGNS.assign(reach_1=0, reach_2=0)
    zero = ESTIMANDS.assign(value=0.0, ci_low=0.0, ci_high=0.0)
    figure = reach_figures.reach_by_level(nobody, zero)
    figure_style.save(figure, tmp_path / "reach")
    assert all(
        line.get_xdata().size == 0 for line in figure.axes[0].lines if line.get_marker() == "."
    )
