"""Claims: each figure is found in its table, held to its bar the right way round, or not run."""

import pandas as pd
import pytest

from weishang.experiments.bench import claims as bench_claims


def tables(**changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of a run in which every claim is met, with other ones in their place."""
    setting = {"nodes": 1_000_000, "p": 0.05}
    call = {"graph": "generated", "nodes": 1_000_000, "p": 0.05, "replicas": 64}
    public = {"nodes": 4_000, "p": 0.01, "replicas": 4096}
    made = {
        "speed": [
            {**setting, "program": "numba", "ratio": 1.0},
            {**setting, "program": "pynetim", "ratio": 26.0},
            {**setting, "nodes": 100_000, "program": "numba", "ratio": 1.0},
            {"program": "absent"},
        ],
        "calls": [
            {**call, "program": "torch", "median": 10.0, "ratio": 5.0},
            {**call, "program": "cynetdiff", "median": 40.0, "ratio": 20.0},
            *(
                {**public, "graph": name, "program": "pynetim", "median": 9.0, "ratio": ratio}
                for name, ratio in (("facebook_combined", 11.0), ("nethept", 12.0))
            ),
        ],
        "start": [
            {"compiled_code": "first ever", "median": 19.0},
            {"compiled_code": "cached", "median": 2.0},
        ],
        "growth": [
            {"nodes": 10_000, "median": 1.0},
            {"nodes": 100_000, "median": 20.0},
            {"nodes": 30_000_000, "median": 70.0},
        ],
        "bound": [{**setting, "ratio": 1.5}],
    }
    return {name: pd.DataFrame(rows) for name, rows in made.items()} | changes


def found(**changes: pd.DataFrame) -> pd.DataFrame:
    return bench_claims.claims(**tables(**changes))


def test_figures_come_from_their_tables() -> None:
    table = found()
    assert table["measured"].tolist() == [26.0, 11.0, 12.0, 4.0, 2.0, 19.0, 3.5, 1.5]
    assert table["met"].tolist() == ["yes"] * 8
    assert table["bar"].tolist() == [
        "at least 25",
        *["at least 10"] * 2,
        "at least 3",
        "at most 3",
        "at most 20",
        "at most 4",
        "at most 2",
    ]
    assert table["claim"].is_unique
    assert "nethept, p = 0.01, 4,096 replicas" in table["claim"][2]
    assert "30,000,000 nodes over that at 100,000" in table["claim"][6]


@pytest.mark.parametrize(
    ("measured", "met"), [(24.9, "no"), (25.0, "yes"), (25.1, "yes"), (float("nan"), "not run")]
)
def test_a_bar_from_below(measured: float, met: str) -> None:
    speed = tables()["speed"].replace({"ratio": {26.0: measured}})
    assert found(speed=speed)["met"][0] == met


@pytest.mark.parametrize(("measured", "met"), [(1.9, "yes"), (2.0, "yes"), (2.1, "no")])
def test_a_bar_from_above(measured: float, met: str) -> None:
    bound = tables()["bound"].assign(ratio=measured)
    assert found(bound=bound)["met"].iloc[-1] == met


def test_what_was_not_run_is_listed() -> None:
    made = tables()
    calls = made["calls"]
    table = found(
        calls=calls[calls["graph"] != "nethept"],
        start=made["start"].query("compiled_code == 'cached'"),
        growth=made["growth"].query("nodes != 100_000"),
        speed=made["speed"].query("program != 'pynetim'"),
    )
    missed = table[table["met"] == "not run"]
    assert len(table) == len(found())
    assert missed["measured"].isna().all()
    assert missed["claim"].str.contains("nethept|first ever|that at 100,000|cascades a sec").all()
    assert len(missed) == 4
