"""Figures of the channels experiment: they show the saved numbers, where and as large as told."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.storage import figure_style
from weishang.experiments.studies.channels import figures as channel_figures
from weishang.experiments.studies.channels.estimands import (
    ALL_BY_ALL,
    LIVESTREAMS,
    ORDERS_BY_VISITS,
    SALES_BY_ORDERS,
    THERE_BY_ALL,
)


def row(figure, reading, value, band_low, band_high):
    return {
        "figure": figure,
        "reading": reading,
        "value": value,
        "ci_low": 0.8 * value,
        "ci_high": 1.3 * value,
        "prior_low": 0.1 * value,
        "prior_high": 5.0 * value,
        "reported_low": band_low,
        "reported_high": band_high,
    }


ESTIMANDS = pd.DataFrame(
    [
        row("t2_l1_reach", THERE_BY_ALL, 160.0, 150.0, 200.0),
        row("t2_l1_reach", ALL_BY_ALL, 150.0, 150.0, 200.0),
        row("t2_l2_reach", THERE_BY_ALL, 2000.0, 3000.0, 5000.0),
        row("t2_l2_reach", ALL_BY_ALL, 200.0, 3000.0, 5000.0),
        row("t2_l3_reach", THERE_BY_ALL, 9000.0, 50_000.0, np.nan),
        row("t2_l3_reach", ALL_BY_ALL, 900.0, 50_000.0, np.nan),
        row("t2_l3_reach", LIVESTREAMS, 4000.0, 50_000.0, np.nan),
        row("t1_moments_conv", ORDERS_BY_VISITS, 0.1, 0.0738, 0.0902),
        row("t1_oa_conv", ORDERS_BY_VISITS, 0.08, 0.0585, 0.0715),
        row("t1_search_conv", ORDERS_BY_VISITS, 0.3, 0.0369, 0.0451),
        row("t1_moments_aov", SALES_BY_ORDERS, 198.0, 178.2, 217.8),
        row("t1_oa_aov", SALES_BY_ORDERS, 240.0, 258.3, 315.7),
        row("t1_search_aov", SALES_BY_ORDERS, 110.0, 137.7, 168.3),
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


def pale_lines(axes):
    """Ends of the prior ranges, in the order drawn."""
    return [
        tuple(line.get_ydata())
        for line in axes.lines
        if line.get_linewidth() == 5 and len(line.get_xdata())
    ]


def test_reach_shows_every_reading_with_interval_prior_and_band():
    (axes,) = channel_figures.reach_by_level(ESTIMANDS).axes
    assert axes.get_yscale() == "log"
    assert marks(axes, "o")[:, 1].tolist() == [160.0, 2000.0, 9000.0]
    assert marks(axes, "s")[:, 1].tolist() == [150.0, 200.0, 900.0]
    assert marks(axes, "D")[:, 1].tolist() == [4000.0]
    assert np.rint(marks(axes, "o")[:, 0]).tolist() == [1, 2, 3]
    drawn = ESTIMANDS.iloc[:7]
    assert np.allclose(errors(axes), drawn[["ci_low", "ci_high"]])
    assert np.allclose(pale_lines(axes), drawn[["prior_low", "prior_high"]])
    expected = [(150.0, 200.0), (3000.0, 5000.0), (50_000.0, figure_style.OPEN_END)]
    assert [(low, high) for _, _, low, high in bands(axes)] == expected


def test_channels_show_percent_and_cny_beside_what_is_reported():
    left, right = channel_figures.by_channel(ESTIMANDS).axes
    assert np.allclose(marks(left, "o"), [(0, 10), (1, 8), (2, 30)])
    assert np.allclose(marks(right, "o"), [(0, 198), (1, 240), (2, 110)])
    assert np.allclose(errors(left), [(8, 13), (6.4, 10.4), (24, 39)])
    assert np.allclose(pale_lines(right), [(19.8, 990), (24, 1200), (11, 550)])
    assert np.allclose([one[2:] for one in bands(left)], [(7.38, 9.02), (5.85, 7.15), (3.69, 4.51)])
    assert np.allclose([one[2] for one in bands(right)], [178.2, 258.3, 137.7])
    assert left.get_yscale() == right.get_yscale() == "log"
    for axes, most in ((left, 100), (right, 1200)):
        assert axes.get_ylim()[0] < marks(axes, "o")[:, 1].min()
        assert axes.get_ylim()[1] >= most


def test_what_leaves_the_axis_below_is_drawn_at_its_end():
    rare = ESTIMANDS.assign(prior_low=0.0, ci_low=0.0)
    left, right = channel_figures.by_channel(rare).axes
    for axes, ends in (
        (left, channel_figures.CONVERSION_AXIS),
        (right, channel_figures.VALUE_AXIS),
    ):
        assert [low for low, _ in pale_lines(axes)] == [ends[0]] * 3
        assert np.allclose([low for low, _ in errors(axes)], ends[0])


def test_each_kind_of_mark_stands_once_in_the_legend():
    (axes,) = channel_figures.reach_by_level(ESTIMANDS).axes
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert len(set(texts)) == len(texts) == 5
    assert {"reported", "prior range, 5-95%", "all campaigns, 95% interval"} <= set(texts)


@pytest.mark.parametrize("draw", [channel_figures.reach_by_level, channel_figures.by_channel])
def test_axes_have_labels_and_nothing_is_drawn_of_nobody(draw, tmp_path):
    zero = ESTIMANDS.assign(value=0.0, ci_low=0.0, ci_high=0.0, prior_low=0.0, prior_high=0.0)
    figure_style.save(draw(zero), tmp_path / "figure")
    figure_style.check_labels(draw(ESTIMANDS))
