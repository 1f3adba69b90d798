"""Forest plots and savings: they show the saved numbers, and tell clear effects from others."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.storage import figure_style
from weishang.experiments.studies.paired import figures as policy_figures

OUTCOMES = pd.DataFrame(
    {
        "outcome": ["reach", "profit"],
        "unit": ["people", "CNY"],
        "meaning": ["reached", "left"],
        "change_relative_to": ["reach", "sales"],
    }
)
EFFECTS = pd.DataFrame(
    [
        {
            "policy": "one",
            "outcome": "reach",
            "change": 0.1,
            "change_low": 0.05,
            "change_high": 0.2,
        },
        {
            "policy": "two",
            "outcome": "reach",
            "change": 0.1,
            "change_low": -0.1,
            "change_high": 0.3,
        },
        {
            "policy": "one",
            "outcome": "profit",
            "change": -0.2,
            "change_low": -0.3,
            "change_high": -0.1,
        },
        {
            "policy": "two",
            "outcome": "profit",
            "change": np.nan,
            "change_low": np.nan,
            "change_high": np.nan,
        },
    ]
)
PAIRING = pd.DataFrame(
    {
        "policy": ["one", "one", "two", "two"],
        "outcome": ["reach", "orders"] * 2,
        "all_days": [5.0, 200.0, np.inf, np.inf],
    }
)


@pytest.fixture
def forest():
    return policy_figures.effects_of_policies(EFFECTS, OUTCOMES)


def bars(axes):
    """Value, its ends, and whether the mark is full, of each error bar in the order drawn."""
    found = []
    for container in axes.containers:
        (x, y), *_ = container.lines[0].get_xydata()
        (low, _), (high, _) = container.lines[2][0].get_segments()[0]
        full = container.lines[0].get_markerfacecolor() != "white"
        found.append((float(x), float(y), float(low), float(high), full))
    return found


def test_a_panel_an_outcome_with_changes_in_percent(forest):
    first, second = forest.axes
    assert [axes.get_title() for axes in forest.axes] == ["reach", "profit"]
    assert np.allclose(bars(first), [(10, 0, 5, 20, True), (10, 1, -10, 30, False)])
    assert np.allclose(bars(second), [(-20, 0, -30, -10, True)])


def test_what_has_no_size_is_said_in_its_place(forest):
    texts = [(text.get_text().strip(), text.get_position()[1]) for text in forest.axes[1].texts]
    assert texts == [("none before", 1)]


def test_labels_tell_what_is_shown(forest):
    first, second = forest.axes
    assert [text.get_text() for text in first.get_yticklabels()] == ["one", "two"]
    assert first.get_xlabel() == "change (%),\ndefault rules = 0"
    assert second.get_xlabel() == "change (% of sales),\ndefault rules = 0"
    figure_style.check_labels(forest)
    (legend,) = forest.legends
    assert len(legend.get_texts()) == 2


def test_the_first_row_is_on_top(forest):
    bottom, top = forest.axes[0].get_ylim()
    assert bottom > top


def test_tools_and_mechanisms_say_what_they_are_compared_with():
    for draw, column, beside in (
        (policy_figures.effects_of_tools, "tool", "no tool"),
        (policy_figures.effects_of_mechanisms, "without", "all mechanisms"),
    ):
        figure = draw(EFFECTS.rename(columns={"policy": column}), OUTCOMES)
        assert figure.axes[0].get_xlabel().endswith(f"{beside} = 0")


def test_many_outcomes_take_several_rows():
    names = [f"outcome {number}" for number in range(7)]
    outcomes = pd.DataFrame({"outcome": names, "change_relative_to": names})
    row = {"policy": "one", "change": 0.1, "change_low": 0.0, "change_high": 0.2}
    effects = pd.DataFrame([{**row, "outcome": name} for name in names])
    figure = policy_figures.forest(effects, outcomes, "policy", "default")
    assert len(figure.axes) == 7
    figure_style.check_labels(figure)


@pytest.mark.parametrize("policies", [1, 2])
def test_a_label_is_not_cut_where_there_are_few_rows(policies):
    with figure_style.styled():
        figure = policy_figures.effects_of_policies(EFFECTS[EFFECTS.index % 2 < policies], OUTCOMES)
        figure.draw_without_rendering()
    label, page = figure.axes[0].yaxis.label.get_window_extent(), figure.bbox
    assert page.y0 <= label.y0
    assert label.y1 <= page.y1


def test_savings_are_dots_on_a_log_axis():
    (axes,) = policy_figures.saved_by_pairing(PAIRING).axes
    assert axes.get_xscale() == "log"
    dots = [line.get_xydata() for line in axes.lines if line.get_marker() in ("o", "s")]
    assert [points[:, 0].tolist() for points in dots] == [[5.0], [200.0]]
    assert all(round(float(points[0, 1])) == 0 for points in dots)
    assert "no pair differs" in [text.get_text() for text in axes.texts]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["reach", "orders"]


def test_both_can_be_saved(forest, tmp_path):
    with figure_style.styled():
        figure_style.save(forest, tmp_path / "effects")
        figure_style.save(policy_figures.saved_by_pairing(PAIRING), tmp_path / "pairing")
    assert len(list(tmp_path.iterdir())) == 4
