"""Verdicts: computed from the band, honest about roles, kept in one table."""

import math
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from weishang.experiments.analysis import reported, verdicts
from weishang.experiments.analysis.verdicts import Verdict

OUT = {
    "id": "t2_l3_reach",
    "role": "predicted",
    "reading": "mean over campaigns that get there",
    "simulated": 28_000.0,
    "prior_low": 1_000.0,
    "prior_high": 100_000.0,
    "mechanism_off": 8_000.0,
}


@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [
        ("l1_conv", 0.1143, "inside"),
        ("l1_conv", 0.1142, "outside"),
        ("t2_l1_reach", 200.0, "inside"),
        ("t2_l1_reach", 200.1, "outside"),
    ],
)
def test_verdict_compares_the_value_with_the_band(name, value, verdict):
    assert Verdict(name, "fitted", "all", value).verdict == verdict


def test_a_wide_interval_does_not_turn_outside_into_inside():
    assert Verdict("l1_conv", "fitted", "all", 0.2, 0.1, 0.3).verdict == "outside"


def test_an_open_end_takes_everything_beyond():
    assert Verdict(**OUT).verdict == "outside"
    assert Verdict(**{**OUT, "simulated": 1e9}).verdict == "inside"


@pytest.mark.parametrize(
    "row",
    [
        Verdict("t1_moments_visits", "set", "as reported", 85e6),
        Verdict("risk_tps", "not modelled", "-", why="no clock finer than a second"),
        Verdict("l1_conv", "fitted", "another graph", 0.12, judged=False),
    ],
)
def test_nothing_is_judged_where_nothing_is_tested(row):
    assert row.verdict == "-"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"prior_low": None, "prior_high": None}, "no prior range"),
        ({"prior_low": 60_000.0}, "wholly inside"),
        ({"mechanism_off": None}, "mechanism off"),
        ({"mechanism_off": 28_000.0}, "with the mechanism off too"),
    ],
)
def test_what_is_not_predicted_is_only_implied(change, fault):
    with pytest.raises(ValueError, match=f"{fault}.*'implied'"):
        Verdict(**{**OUT, **change})
    assert Verdict(**{**OUT, **change, "role": "implied"}).role == "implied"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": "t2_l4_reach"}, "t2_l4_reach"),
        ({"role": "guessed"}, "role is 'guessed'"),
        ({"reading": ""}, "reading is empty"),
        ({"simulated": float("nan")}, "simulated is nan"),
        ({"prior_high": float("inf")}, "prior_high is inf"),
        ({"simulated": None}, "simulated is None"),
        ({"ci_low": 30_000.0, "ci_high": 40_000.0}, "not an interval"),
        ({"ci_low": 20_000.0}, "not an interval"),
        ({"prior_low": 2e5}, "not an interval"),
        ({"id": "l1_conv", "simulated": 0.12}, "claims more than the plan"),
        ({"role": "not modelled"}, "simulated is 28000"),
        ({"role": "not modelled", "simulated": None}, "why is empty"),
    ],
)
def test_rows_that_break_the_rules_are_refused(change, fault):
    with pytest.raises(ValueError, match=fault):
        Verdict(**{**OUT, **change})


def test_update_replaces_rows_of_the_same_id_and_reading(tmp_path):
    verdicts.update(tmp_path, "reach", [Verdict("l1_conv", "fitted", "reached", 0.1, why="first")])
    verdicts.update(
        tmp_path,
        "reach",
        [
            Verdict("l1_conv", "fitted", "reached", 0.12, why="second"),
            Verdict("l1_conv", "fitted", "visits", 0.3),
        ],
    )
    table = verdicts.read(tmp_path)
    assert tuple(table.columns) == verdicts.COLUMNS
    assert table["reading"].tolist() == ["reached", "visits"]
    assert table["simulated"].tolist() == [0.12, 0.3]
    assert table["why"].tolist() == ["second", ""]
    assert table["verdict"].tolist() == ["inside", "outside"]
    assert table["reported_low"].tolist() == [reported.figure("l1_conv").band_low] * 2
    assert [path.name for path in tmp_path.iterdir()] == [verdicts.NAME]


def test_update_drops_the_readings_that_a_study_gives_no_more(tmp_path):
    other = Verdict("l1_conv", "fitted", "all channels", 0.12)
    verdicts.update(tmp_path, "channels", [other])
    verdicts.update(
        tmp_path,
        "reach",
        [Verdict("l1_conv", "fitted", "reached", 0.1), Verdict("l2_conv", "fitted", "old", 0.3)],
    )
    verdicts.update(tmp_path, "reach", [Verdict("l1_conv", "fitted", "reached", 0.13)])
    table = verdicts.read(tmp_path)
    assert table["study"].tolist() == ["channels", "reach"]
    assert table["reading"].tolist() == ["all channels", "reached"]
    assert table["simulated"].tolist() == [0.12, 0.13]
    verdicts.update(tmp_path, "reach", [])
    assert verdicts.read(tmp_path)["study"].tolist() == ["channels"]


def test_a_study_keeps_its_place_when_it_is_run_again(tmp_path):
    rows = {
        "reach": [
            Verdict("l1_conv", "fitted", "reached", 0.1),
            Verdict("l2_conv", "fitted", "a", 0.1),
        ],
        "channels": [
            Verdict("t2_l1_reach", "fitted", "b", 9.0),
            Verdict("l2_conv", "fitted", "b", 0.1),
        ],
    }
    for study, some in rows.items():
        first = verdicts.update(tmp_path, study, some).read_bytes()
    for study, some in rows.items():
        assert verdicts.update(tmp_path, study, some).read_bytes() == first


def test_a_reading_of_another_study_is_refused(tmp_path):
    row = Verdict("l1_conv", "fitted", "reached", 0.1)
    path = verdicts.update(tmp_path, "reach", [row])
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"l1_conv, 'reached' of the study reach"):
        verdicts.update(tmp_path, "channels", [row])
    assert path.read_bytes() == before


def test_order_is_that_of_the_article_whatever_came_first(tmp_path):
    names = ["erp_use", "l1_conv", "user_pool", "t2_l1_reach"]
    for name in names:
        verdicts.update(tmp_path, name, [Verdict(name, "set", "as reported", 1.0)])
    order = list(reported.figures())
    assert verdicts.read(tmp_path)["id"].tolist() == sorted(names, key=order.index)


def test_updating_again_changes_no_byte(tmp_path):
    rows = [Verdict(**OUT), Verdict("l1_conv", "fitted", "reached", 0.1 + 0.2)]
    first = verdicts.update(tmp_path, "reach", rows).read_bytes()
    assert verdicts.update(tmp_path, "reach", rows).read_bytes() == first
    assert verdicts.update(tmp_path, "channels", []).read_bytes() == first


def test_runs_at_the_same_time_lose_no_row(tmp_path):
    names = [name for name, one in reported.figures().items() if one.plan != "not modelled"][:24]
    rows = [[Verdict(name, "set", "as reported", 1.0)] for name in names]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda row: verdicts.update(tmp_path, row[0].id, row), rows))
    assert verdicts.read(tmp_path)["id"].tolist() == names


def test_one_reading_given_twice_is_refused_and_writes_nothing(tmp_path):
    row = Verdict("l1_conv", "fitted", "reached", 0.1)
    with pytest.raises(ValueError, match="twice"):
        verdicts.update(tmp_path / "out", "reach", [row, row])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text",
    ["", "id,role\nl1_conv,set\n", f"{','.join(verdicts.COLUMNS)}\nreach,x,set,all{',' * 8},-,\n"],
)
def test_a_table_that_is_none_is_named_and_kept(tmp_path, text):
    path = tmp_path / verdicts.NAME
    path.write_text(text)
    with pytest.raises(ValueError, match=r"verdicts\.csv"):
        verdicts.update(tmp_path, "reach", [Verdict("l1_conv", "fitted", "reached", 0.1)])
    assert path.read_text() == text


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"verdicts\.csv"):
        verdicts.read(tmp_path)


def test_spans_leave_open_ends_out():
    low, high = pd.Series([150.0, 50_000.0, None]), pd.Series([200.0, None, None])
    assert verdicts.spans(low, high) == ["150 .. 200", "50,000 ..", ""]


ESTIMATE = {
    "figure": "t2_l3_reach",
    "reading": "all",
    "value": 9000.0,
    "ci_low": 8000.0,
    "ci_high": 10_000.0,
    "prior_low": 100.0,
    "prior_high": 60_000.0,
}


@pytest.mark.parametrize(
    ("changes", "numbers", "role"),
    [
        ({}, {}, "predicted"),
        ({}, {"null": 9900.0}, "implied"),
        ({}, {"off": 9000.0}, "implied"),
        ({}, {"off": math.nan}, "implied"),
        ({}, {"off": 50.0, "first": 50.0}, "implied"),
        ({}, {"off": 50.0, "first": 51.0}, "predicted"),
        ({"prior_low": math.nan, "prior_high": math.nan}, {}, "implied"),
        ({"prior_low": 51_000.0}, {}, "implied"),
        ({"value": 7e4, "ci_high": 8e4}, {"null": 9e4}, "implied"),
    ],
)
def test_predicted_is_lowered_to_implied_where_the_numbers_do_not_bear_it(changes, numbers, role):
    given = {"off": 50.0, "null": math.nan, "why": "so", "judged": True, **numbers}
    made = verdicts.rated("predicted", {**ESTIMATE, **changes}, **given)
    assert made.role == role
    lower = verdicts.rated("fitted", {**ESTIMATE, **changes, "figure": "t2_l2_reach"}, **given)
    assert lower.role == "fitted"


def test_a_row_that_breaks_the_rules_is_no_question_of_its_role():
    with pytest.raises(ValueError, match="not an interval"):
        verdicts.rated(
            "predicted",
            {**ESTIMATE, "ci_low": 9500.0},
            off=50.0,
            null=math.nan,
            why="so",
            judged=True,
        )


@pytest.mark.parametrize(
    ("null", "value", "as_well"),
    [
        (0.52, 0.5, True),
        (0.45, 0.5, True),
        (0.7, 0.5, False),
        (0.95, 0.5, False),
        (0.95, 0.92, True),
        (0.95, 0.7, False),
        (math.nan, 0.5, False),
        (math.nan, 0.95, False),
    ],
)
def test_a_null_gives_a_figure_as_well_in_the_interval_or_with_it_in_the_band(null, value, as_well):
    """Interval .05 around the value, band .9 and more."""
    interval = (value - 0.05, value + 0.05)
    assert verdicts.gives_as_well(null, value, interval, lambda x: x >= 0.9) is as_well
