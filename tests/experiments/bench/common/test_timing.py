"""Measurements are calibrated, interleaved and counted; medians are medians."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.bench.common import timing


def test_measurements_are_interleaved_and_counted() -> None:
    calls = []
    runs = {name: lambda c, s, name=name: calls.append((name, c, s)) or 7.0 for name in "ab"}
    table = timing.measure(runs, {"a": 3, "b": 5}, 10)
    assert [name for name, _, _ in calls] == ["a", "b"] * timing.REPETITIONS
    assert {seed for _, _, seed in calls} == set(range(10, 10 + timing.REPETITIONS))
    assert table["units"].tolist() == [units for _, units, _ in calls]
    assert (table["seconds"] > 0).all()
    assert (table["mean_reach"] == 7.0).all()


@pytest.mark.parametrize(
    ("seconds", "units"),
    [([1, 2, 4, 8, 8, 16], 8), ([30, 1, 2, 4, 8, 8, 16], 8), ([30, 9], 1), ([1, 9, 2, 9, 9], 4)],
    ids=["as it is", "compiled at first", "long from the first", "kept waiting once"],
)
def test_calibration_finds_about_the_time(
    seconds: list[int], units: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([time for took in seconds for time in (0, took)])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    assert timing.calibrate(lambda units, seed: 0.0, 10.0, 1) == units


def test_spread_and_our_median_beside_it() -> None:
    rows = [("numba", s) for s in (10, 50, 30)] + [("peer", s) for s in (2, 3, 100)]
    frame = pd.DataFrame(rows, columns=["program", "speed"]).assign(nodes=10, p=0.1)
    alone = pd.DataFrame({"program": ["peer"], "speed": [4.0], "nodes": 20, "p": 0.1})
    table = timing.spread(pd.concat([frame, alone]), ["nodes", "p", "program"], "speed")
    assert table[["median", "min", "max"]].to_numpy().tolist() == [
        [30, 10, 50],
        [3, 2, 100],
        [4, 4, 4],
    ]
    ours = timing.of_ours(table, ["nodes", "p"])
    assert ours[:2].tolist() == [30, 30]
    assert np.isnan(ours[2])
