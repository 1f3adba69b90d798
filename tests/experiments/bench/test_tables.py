"""Tables out of measurements: known times give known speeds, costs and ratios."""

import pandas as pd
import pytest

from weishang.experiments.bench import tables

TIMED = pd.DataFrame(
    [
        # ours in 1, 2 and 4 s for 100 units; the peer in 20 s for 50
        ("numba", 100, 1.0),
        ("numba", 100, 2.0),
        ("numba", 100, 4.0),
        ("pynetim", 50, 20.0),
    ],
    columns=["program", "units", "seconds"],
).assign(graph="generated", nodes=1000, edges=9000, p=0.05, mean_reach=40.0)


def test_speeds() -> None:
    table = tables.speed_table(TIMED, 3).set_index("program")
    assert table.loc["numba", ["median", "min", "max"]].tolist() == [50, 25, 100]
    assert table.loc[["numba", "pynetim"], "ratio"].tolist() == [1, 20]
    assert table.loc["numba", "ns_a_person"] == pytest.approx(1e9 * 2 / (100 * 40))
    assert table.loc["pynetim", "ns_a_person"] == pytest.approx(1e9 * 20 / (50 * 40))
    assert table.loc[["numba", "pynetim"], "mean_reach"].tolist() == [40, 40]
    assert table.loc["numba", "threads"] == 3


def test_programs_without_speed_stand_last_with_their_version_or_reason() -> None:
    table = tables.speed_table(TIMED, 1)
    assert table["program"].tolist()[:2] == ["numba", "pynetim"]
    others = table.iloc[2:]
    assert set(others["program"]) == {one.name for one in tables.CONTENDERS} - {
        "numba",
        "pynetim",
    }
    assert others["median"].isna().all()
    assert (others["version"] != "").all()


def test_calls() -> None:
    table = tables.calls_table(TIMED.assign(replicas=64), 1).set_index("program")
    assert table.loc["numba", ["median", "min", "max"]].tolist() == [20, 10, 40]
    assert table.loc["pynetim", ["median", "ratio"]].tolist() == [400, 20]


def test_starts() -> None:
    rows = [("first ever", 9.0), ("cached", 1.0), ("cached", 3.0), ("cached", 2.0)]
    frame = pd.DataFrame(rows, columns=["compiled_code", "seconds"]).assign(graph="g", nodes=9)
    table = tables.start_table(frame).set_index("compiled_code")
    assert table["median"].to_dict() == {"first ever": 9.0, "cached": 2.0}
