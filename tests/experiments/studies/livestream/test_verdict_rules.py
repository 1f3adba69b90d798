"""What may be claimed of viewers' conversion: counts, the null by arithmetic, and the role."""

import math

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.analysis import reported
from weishang.experiments.studies.livestream.audiences import RECOMMENDED
from weishang.experiments.studies.livestream.verdict_rules import (
    BY_SHOWN,
    BY_VIEWERS,
    CONVERSIONS,
    FRIENDS_POST,
    LIVE,
    NO_CHOICE,
    RECOMMENDATION,
    TRADITIONAL,
    Conversion,
    estimates,
    judge,
    null_value,
)


def row(kind, campaign, who, shown, visitors, buyers):
    return {
        "kind": kind,
        "replicate": 1,
        "campaign": campaign,
        "who": who,
        "shown": shown,
        "visitors": visitors,
        "buyers": buyers,
    }


def frame(live_buyers=40):
    rows = []
    for campaign in range(20):
        rows += [
            row(LIVE, campaign, "friends", 100, 50, 10),
            row(LIVE, campaign, "strangers", 900, 150, live_buyers - 10),
            row(LIVE, campaign, RECOMMENDED, 200, 90, 90),
            row(NO_CHOICE, campaign, "friends", 100, 80, 10),
            row(NO_CHOICE, campaign, "strangers", 900, 420, 40),
            row(TRADITIONAL, campaign, "strangers", 900, 400, 36),
            row(FRIENDS_POST, campaign, "friends", 100, 70, 13),
            row(FRIENDS_POST, campaign, "strangers", 50, 20, 19),
            row(FRIENDS_POST, campaign, RECOMMENDED, 200, 90, 9),
        ]
    return pd.DataFrame(rows)


DRAWS = pd.DataFrame({BY_VIEWERS: np.linspace(0.0, 0.8, 41), BY_SHOWN: np.linspace(0.0, 0.2, 41)})


def judged(rows, draws=DRAWS):
    return estimates(rows, draws, np.random.default_rng(1))


@pytest.fixture(scope="module")
def table():
    return judged(frame()).set_index(["kind", "reading"])


def test_conversions_count_their_own_people(table):
    values = table["value"]
    assert values[LIVE, BY_VIEWERS] == pytest.approx(40 / 200)
    assert values[LIVE, BY_SHOWN] == pytest.approx(40 / 1000)
    assert values[NO_CHOICE, BY_VIEWERS] == pytest.approx(50 / 500)
    assert values[TRADITIONAL, BY_VIEWERS] == pytest.approx(36 / 400)
    assert values[FRIENDS_POST, BY_SHOWN] == pytest.approx(13 / 100)
    assert values[RECOMMENDATION, BY_SHOWN] == pytest.approx(9 / 200)


def test_a_row_a_kind_and_reading_with_its_band(table):
    assert len(table) == len(CONVERSIONS) == 10
    for (kind, _), line in table.iterrows():
        if kind == NO_CHOICE:
            assert line["figure"] == ""
            assert math.isnan(line["reported_low"])
        else:
            figure = reported.figure(line["figure"])
            assert line["reported_low"] == figure.band_low
            assert line["reported_high"] == figure.band_high


def test_only_livestreams_have_what_bears_on_a_verdict(table):
    for kind in table.index.get_level_values("kind").unique():
        some = table.loc[kind, ["prior_low", "prior_high", "mechanism_off", "by_arithmetic"]]
        assert some.notna().all(axis=None) if kind == LIVE else some.isna().all(axis=None)
    live = table.loc[(LIVE, BY_VIEWERS)]
    assert live["mechanism_off"] == table.loc[(NO_CHOICE, BY_VIEWERS), "value"]
    assert (live["prior_low"], live["prior_high"]) == pytest.approx((0.04, 0.76))


def test_the_null_mixes_reported_conversions_by_who_came():
    rows = frame()
    live = rows[rows["kind"] == LIVE]
    friend, system = (reported.figure(name).point() for name in ("conv_friend", "conv_system"))
    assert null_value(live, BY_VIEWERS) == pytest.approx(0.25 * friend + 0.75 * system)
    assert null_value(live, BY_SHOWN) == pytest.approx(0.1 * friend + 0.9 * system)
    assert math.isnan(null_value(live.iloc[:0], BY_VIEWERS))


def test_intervals_come_from_campaigns():
    alike = judged(frame()).set_index(["kind", "reading"]).loc[(LIVE, BY_VIEWERS)]
    assert alike["ci_low"] == pytest.approx(alike["ci_high"])
    rows = frame()
    rows.loc[rows["campaign"] % 2 == 0, "buyers"] = 0
    wide = judged(rows).set_index(["kind", "reading"]).loc[(LIVE, BY_VIEWERS)]
    assert wide["ci_low"] < wide["value"] < wide["ci_high"]


def test_it_is_predicted_where_arithmetic_does_not_give_it():
    first, second = judge(judged(frame()), judged=True)
    assert (first.id, first.reading, first.role, first.verdict) == (
        "live_conv",
        BY_VIEWERS,
        "predicted",
        "inside",
    )
    assert first.mechanism_off == pytest.approx(0.1)
    assert (second.reading, second.verdict) == (BY_SHOWN, "outside")


def test_it_is_implied_where_arithmetic_gives_it_too():
    """Viewers who buy as friends and others are said to: the mixture of .127 and .043."""
    rows = frame().astype({"buyers": float})
    null = null_value(rows[rows["kind"] == LIVE], BY_VIEWERS)
    rows.loc[rows["kind"] == LIVE, "buyers"] = 0.0
    chosen = (rows["kind"] == LIVE) & (rows["who"] == "strangers")
    rows.loc[chosen, "buyers"] = null * 200
    assert judge(judged(rows), judged=True)[0].role == "implied"


def test_it_is_implied_where_choosing_makes_no_difference():
    rows = frame()
    same = rows[rows["kind"] == LIVE].assign(kind=NO_CHOICE)
    rows = pd.concat([rows[rows["kind"] != NO_CHOICE], same])
    assert {one.role for one in judge(judged(rows), judged=True)} == {"implied"}


def test_it_is_implied_where_every_prior_gives_it():
    inside = DRAWS.assign(**{BY_VIEWERS: np.linspace(0.19, 0.21, 41)})
    assert judge(judged(frame(), inside), judged=True)[0].role == "implied"


def test_a_graph_of_ones_own_is_not_judged():
    for one in judge(judged(frame()), judged=False):
        assert one.verdict == "-"
        assert one.simulated is not None


def test_nobody_who_comes_is_no_conversion():
    rows = frame().assign(visitors=0, buyers=0)
    assert Conversion(LIVE, BY_VIEWERS, None).value(rows) == 0.0
