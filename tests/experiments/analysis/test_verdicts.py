"""Verdicts: computed from the band, honest about roles, kept in one table."""

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from weishang.experiments.analysis import reported, verdicts
from weishang.experiments.analysis.verdicts import Verdict

OUT = {
    "id": "t2_l3_reach",
    "role": "comes out",
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
def test_what_does_not_come_out_is_only_implied(change, fault):
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
        ({"ci_low": 30_000.0, "ci_high": 40_000.0}, "no interval"),
        ({"ci_low": 20_000.0}, "no interval"),
        ({"prior_low": 2e5}, "no interval"),
        ({"id": "l1_conv", "simulated": 0.12}, "claims more than the plan"),
        ({"role": "not modelled"}, "simulated is 28000"),
        ({"role": "not modelled", "simulated": None}, "why is empty"),
    ],
)
def test_rows_that_break_the_rules_are_refused(change, fault):
    with pytest.raises(ValueError, match=fault):
        Verdict(**{**OUT, **change})


def test_update_replaces_rows_of_the_same_id_and_reading(tmp_path):
    verdicts.update(tmp_path, [Verdict("l1_conv", "fitted", "reached", 0.1, why="first")])
    verdicts.update(
        tmp_path,
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


def test_order_is_that_of_the_article_whatever_came_first(tmp_path):
    names = ["erp_use", "l1_conv", "user_pool", "t2_l1_reach"]
    for name in names:
        verdicts.update(tmp_path, [Verdict(name, "set", "as reported", 1.0)])
    order = list(reported.figures())
    assert verdicts.read(tmp_path)["id"].tolist() == sorted(names, key=order.index)


def test_updating_again_changes_no_byte(tmp_path):
    rows = [Verdict(**OUT), Verdict("l1_conv", "fitted", "reached", 0.1 + 0.2)]
    first = verdicts.update(tmp_path, rows).read_bytes()
    assert verdicts.update(tmp_path, rows).read_bytes() == first
    assert verdicts.update(tmp_path, []).read_bytes() == first


def test_runs_at_the_same_time_lose_no_row(tmp_path):
    names = [name for name, one in reported.figures().items() if one.plan != "not modelled"][:24]
    rows = [[Verdict(name, "set", "as reported", 1.0)] for name in names]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda row: verdicts.update(tmp_path, row), rows))
    assert verdicts.read(tmp_path)["id"].tolist() == names


def test_one_reading_given_twice_is_refused_and_writes_nothing(tmp_path):
    row = Verdict("l1_conv", "fitted", "reached", 0.1)
    with pytest.raises(ValueError, match="twice"):
        verdicts.update(tmp_path / "out", [row, row])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text",
    ["", "id,role\nl1_conv,set\n", f"{','.join(verdicts.COLUMNS)}\nx,set,all{',' * 8},-,\n"],
)
def test_a_table_that_is_none_is_named_and_kept(tmp_path, text):
    path = tmp_path / verdicts.NAME
    path.write_text(text)
    with pytest.raises(ValueError, match=r"verdicts\.csv"):
        verdicts.update(tmp_path, [Verdict("l1_conv", "fitted", "reached", 0.1)])
    assert path.read_text() == text


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"verdicts\.csv"):
        verdicts.read(tmp_path)


def test_spans_leave_open_ends_out():
    low, high = pd.Series([150.0, 50_000.0, None]), pd.Series([200.0, None, None])
    assert verdicts.spans(low, high) == ["150 .. 200", "50,000 ..", ""]
