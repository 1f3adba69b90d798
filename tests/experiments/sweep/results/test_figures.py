"""Figures of sweeps: they show the saved numbers, whatever varies, and join what may be joined."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from weishang.experiments.analysis.paired import described
from weishang.experiments.storage import figure_style
from weishang.experiments.storage.report import Report
from weishang.experiments.sweep.results import tables
from weishang.experiments.sweep.results.figures import (
    SHOWN,
    Axis,
    add_figures,
    draw_effects,
    draw_outcomes,
)
from weishang.experiments.sweep.store import plan as sweep_plan
from weishang.experiments.sweep.store.plan import Plan

HEAD = """
format = 1
name = "try"
seed = 5
users = 300
sellers = 10
days = 1
replicates = {replicates}
method = "{method}"
{points}
"""
ACTIVITY = '"sellers.activity" = {{ values = [{}] }}\n'
THREE = ACTIVITY.format("0.02, 0.1, 0.3")
WIDE = ACTIVITY.format("0.02, 0.1, 1.0")
RANGES = '"sellers.activity" = { low = 0.02, high = 1.0, scale = "log" }\n'
FRIENDS = '"society.mean_friends" = { values = [20.0, 60.0] }\n'
SWITCH = '"rules.livestreams" = { values = [true, false] }\n'
POLICIES = """
[policies.usual]
[policies.no_rewards]
"rules.feed_share" = 0.5
"""


@pytest.fixture
def plan(write: Callable[..., Path]) -> Callable[..., Plan]:
    def plan(
        parameters: str = "", policies: bool = True, replicates: int = 4, points: int = 0
    ) -> Plan:
        head = HEAD.format(
            replicates=replicates,
            method="latin_hypercube" if points else "grid",
            points=f"points = {points}" if points else "",
        )
        table = f"[parameters]\n{parameters}" if parameters else ""
        return sweep_plan.make(write(head + table + (POLICIES if policies else "")))

    return plan


def values(plan: Plan) -> NDArray[np.float64]:
    """Outcomes that grow with the point and fall under the second policy, [P, W, K, O]."""
    shape = (len(plan.points), plan.replicates, len(plan.policies), len(tables.outcomes()))
    grown = np.arange(1.0, shape[0] + 1)[:, None, None, None]
    fallen = 1.0 - 0.2 * np.arange(shape[2])[None, None, :, None]
    return grown * fallen * np.random.default_rng(1).uniform(90.0, 110.0, shape)


def effects(plan: Plan) -> pd.DataFrame:
    return tables.effects(plan, values(plan))


def drawn(plan: Plan) -> tuple[Any, pd.DataFrame]:
    summary = tables.summary(plan, values(plan))
    return draw_outcomes(summary, Axis.of(plan)), summary


def marks(axes: Any) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Places, and value with the ends of its interval, of each policy."""
    found = []
    for container in axes.containers:
        x, y = container.lines[0].get_data()
        ends = np.array([line[:, 1] for line in container.lines[2][0].get_segments()])
        found.append((np.asarray(x, dtype=float), np.column_stack([y, ends])))
    return found


def lines(axes: Any) -> list[Any]:
    return [line for line in axes.lines if line.get_linestyle() == "-" and len(line.get_xdata())]


def expected(summary: pd.DataFrame, outcome: str, policy: str) -> NDArray[np.float64]:
    chosen = summary[(summary["outcome"] == outcome) & (summary["policy"] == policy)]
    return chosen[["mean", "low", "high"]].to_numpy()


def test_a_panel_an_outcome_and_a_line_a_policy(plan):
    made = plan(THREE)
    figure, summary = drawn(made)
    assert [axes.get_ylabel().split(" (")[0] for axes in figure.axes] == list(SHOWN)
    for axes, outcome in zip(figure.axes, SHOWN, strict=True):
        found = marks(axes)
        assert len(found) == len(lines(axes)) == 2
        for (places, shown), policy in zip(found, ("usual", "no_rewards"), strict=True):
            assert np.allclose(places, [0.02, 0.1, 0.3], atol=0.01)
            assert np.allclose(shown, expected(summary, outcome, policy))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["usual", "no_rewards"]
    figure_style.check_labels(figure)


def test_marks_of_policies_stand_beside_each_other(plan):
    figure, _ = drawn(plan(THREE))
    first, second = (places for places, _ in marks(figure.axes[0]))
    assert np.allclose(second - first, second[0] - first[0])
    assert (second > first).all()


def test_labels_have_units_once(plan):
    figure, _ = drawn(plan(THREE))
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["reach (people)", "orders", "conversion (fraction)", "profit (CNY)"]
    assert figure.axes[-1].get_xlabel().startswith("sellers.activity (")
    assert "4 replicates" in figure.get_suptitle()
    assert "95% interval" in figure.get_suptitle()


def test_a_wide_span_is_shown_by_ratios_with_all_its_few_values(plan):
    wide, near = (drawn(plan(text))[0].axes[0] for text in (WIDE, THREE))
    assert (wide.get_xscale(), near.get_xscale()) == ("log", "linear")
    assert wide.get_xticks().tolist() == [0.02, 0.1, 1.0]
    assert near.get_xticks().tolist() == [0.02, 0.1, 0.3]


def test_lines_of_a_grid_are_means_over_what_else_varies(plan):
    made = plan(THREE + FRIENDS)
    figure, summary = drawn(made)
    assert "means over the other parameters" in figure.get_suptitle()
    reach = summary[(summary["outcome"] == "reach") & (summary["policy"] == "usual")]
    means = reach.groupby("sellers.activity")["mean"].mean()
    first = min(lines(figure.axes[0]), key=lambda line: line.get_xdata()[0])
    assert np.allclose(first.get_ydata(), means)
    assert len(marks(figure.axes[0])[0][0]) == 6


def test_points_that_differ_in_other_ways_too_are_not_joined(plan):
    figure, _ = drawn(plan(RANGES + FRIENDS, points=5))
    assert len(marks(figure.axes[0])[0][0]) == 5
    assert lines(figure.axes[0]) == []
    alone, _ = drawn(plan(RANGES, points=5))
    assert len(lines(alone.axes[0])) == 2


def test_what_is_no_number_has_a_place_each(plan):
    made = plan(SWITCH)
    axis = Axis.of(made)
    assert (axis.column, axis.numeric) == ("rules.livestreams", False)
    figure, summary = drawn(made)
    assert [text.get_text() for text in figure.axes[-1].get_xticklabels()] == ["True", "False"]
    places, shown = marks(figure.axes[0])[0]
    assert np.allclose(places, [0, 1], atol=0.1)
    assert np.allclose(shown, expected(summary, "reach", "usual"))
    assert lines(figure.axes[0]) == []


def test_a_number_goes_before_a_switch(plan):
    assert Axis.of(plan(SWITCH + THREE)).column == "sellers.activity"


def test_policies_stand_along_the_axis_where_nothing_varies(plan):
    figure, summary = drawn(plan())
    assert [text.get_text() for text in figure.axes[-1].get_xticklabels()] == [
        "usual",
        "no_rewards",
    ]
    assert figure.legends == []
    for place, policy in enumerate(("usual", "no_rewards")):
        places, shown = marks(figure.axes[0])[place]
        assert places.tolist() == [place]
        assert np.allclose(shown, expected(summary, "reach", policy))


def test_one_replicate_has_no_interval(plan):
    figure, _ = drawn(plan(THREE, replicates=1))
    assert figure.get_suptitle() == "Mean of 1 replicate a point"
    _, shown = marks(figure.axes[0])[0]
    assert np.array_equal(shown[:, 0], shown[:, 1])


def test_effects_are_in_percent_of_what_they_are_told_relative_to(plan):
    made = plan(THREE)
    found = effects(made)
    outcomes = described(tables.outcomes())
    figure = draw_effects(found, outcomes, tables.points_frame(made), Axis.of(made))
    assert [axes.get_ylabel() for axes in figure.axes][2:] == [
        "change of conversion (%)",
        "change of profit (% of sales)",
    ]
    reach = found[found["outcome"] == "reach"]
    ((places, shown),) = marks(figure.axes[0])
    colours = [
        [container.lines[0].get_color() for container in one.axes[0].containers]
        for one in (figure, drawn(made)[0])
    ]
    assert colours[0] == colours[1][1:]
    assert np.allclose(places, [0.02, 0.1, 0.3])
    assert np.allclose(shown, 100.0 * reach[["change", "change_low", "change_high"]])
    figure_style.check_labels(figure)


@pytest.mark.parametrize(
    ("parameters", "policies", "replicates", "names"),
    [
        (THREE, True, 3, {"outcomes", "effects"}),
        ("", True, 3, {"outcomes", "effects"}),
        (THREE, False, 3, {"outcomes"}),
        (THREE, True, 1, {"outcomes"}),
    ],
)
def test_a_report_gets_the_figures_that_it_has_tables_for(
    plan, tmp_path, parameters, policies, replicates, names
):
    made = plan(parameters, policies=policies, replicates=replicates)
    with Report("sweep", tmp_path, title="Sweep", parameters={}) as report:
        report.table("summary", tables.summary(made, values(made)), "Summary")
        report.table("points", tables.points_frame(made), "Points")
        report.table("outcomes", described(tables.outcomes()), "Outcomes")
        if tables.has_effects(made):
            report.table("effects", effects(made), "Effects")
        add_figures(report, made)
    assert {path.stem for path in (tmp_path / "sweep").glob("*.pdf")} == names
    assert {path.stem for path in (tmp_path / "sweep").glob("*.png")} == names
