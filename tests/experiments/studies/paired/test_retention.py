"""Sharing retention: each reading worked by hand."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.analysis import reported
from weishang.experiments.studies.paired.retention import READINGS, retention


def campaign(sharers, visitors, reach):
    return {"sharers_1": sharers, "visitors_1": visitors, "reach_1": reach}


def frame(*rows):
    levels = {f"{name}_{level}": 0 for name in ("sharers", "visitors", "reach") for level in (2, 3)}
    return pd.DataFrame([{**row, **levels} for row in rows])


def test_retention_in_each_reading():
    plain = frame(campaign(0, 10, 100), campaign(9, 30, 50), campaign(0, 0, 10))
    rich = frame(campaign(1, 10, 100), campaign(12, 30, 50), campaign(0, 0, 10))
    table = retention({"plain content": plain, "rich content": rich}, np.random.default_rng(1))
    values = {(row["content"], row["reading"]): row["value"] for row in table.to_dict("records")}
    each, visits, reach, anyone = (reading.name for reading in READINGS)
    assert values["plain content", each] == pytest.approx((0.0 + 0.3) / 2)
    assert values["rich content", each] == pytest.approx((0.1 + 0.4) / 2)
    assert values["plain content", visits] == pytest.approx(9 / 40)
    assert values["rich content", reach] == pytest.approx(13 / 160)
    assert values["plain content", anyone] == pytest.approx(1 / 3)
    assert values["difference", anyone] == pytest.approx(1 / 3)
    assert (table["ci_low"] <= table["value"]).all()
    assert (table["value"] <= table["ci_high"]).all()
    assert set(table["reported"].round(9)) == {0.16, 0.22, 0.38}
    assert reported.figure("retention_rich").point() == 0.38


def test_campaigns_that_are_all_alike_have_no_interval():
    same = frame(*[campaign(2, 10, 20)] * 30)
    runs = {"plain content": same, "rich content": same}
    table = retention(runs, np.random.default_rng(1))
    contents = table[table["content"] != "difference"]
    assert np.allclose(contents["ci_low"], contents["ci_high"])
    difference = table[table["content"] == "difference"]
    assert (difference[["value", "ci_low", "ci_high"]] == 0.0).all(axis=None)
