"""Tables of the pages: renewed from results, left alone without them, true to the saved numbers."""

import json
from pathlib import Path

import pandas as pd
import pytest

from weishang.experiments.analysis import verdicts
from weishang.experiments.analysis.verdicts import Verdict
from weishang.experiments.storage import tables
from weishang.experiments.studies import page_blocks

MACHINE = {"cpu": "a processor", "threads": 2, "python": "3.11.7"}
PAGE = "before\n\n<!-- begin take_off -->\nold\n<!-- end take_off -->\n\nafter\n"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "reach").mkdir()
    frame = pd.DataFrame({"level": [2], "share_of_campaigns": [0.123456]})
    tables.write(frame, tmp_path / "reach" / "take_off.csv")
    return tmp_path


def test_a_block_is_renewed_and_the_rest_stays(results: Path) -> None:
    fresh = page_blocks.refreshed(PAGE, results)
    assert "old" not in fresh
    assert "| 2 | 0.1235 |" in fresh
    assert fresh.startswith("before\n\n<!-- begin take_off -->\n\n|")
    assert fresh.endswith("|\n\n<!-- end take_off -->\n\nafter\n")
    assert page_blocks.refreshed(fresh, results) == fresh


def test_a_block_without_results_stays(tmp_path: Path) -> None:
    assert page_blocks.refreshed(PAGE, tmp_path) == PAGE


def test_a_block_that_no_function_gives_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="block is 'take_of'; give one of"):
        page_blocks.refreshed(PAGE.replace("take_off", "take_of"), tmp_path)


def test_verdicts_stand_under_their_headings(tmp_path: Path) -> None:
    verdicts.update(
        tmp_path,
        "reach",
        [Verdict("l1_conv", "fitted", "a reading", 0.12345, 0.11, 0.13, 0.01, 0.6, 0.5)],
    )
    header, _, line = page_blocks.verdict_table(tmp_path).splitlines()
    shown = dict(zip(cells(header), cells(line), strict=True))
    assert shown == {
        "id": "l1_conv",
        "reading": "a reading",
        "role": "fitted",
        "reported": "0.1143 .. 0.1397",
        "simulated": "0.1235",
        "95% interval": "0.11 .. 0.13",
        "prior 5-95%": "0.01 .. 0.6",
        "mechanism off": "0.5",
        "verdict": "inside",
    }


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_speeds_name_their_machine(tmp_path: Path) -> None:
    bench = tmp_path / "bench"
    bench.mkdir()
    row = {"nodes": 20_000, "p": 0.05, "program": "numba", "version": "this code", "threads": 2}
    times = {"median": 350.04, "min": 340.0, "max": 360.0, "ratio": 1.0}
    tables.write(pd.DataFrame([row | times]), bench / "speed.csv")
    (bench / "manifest.json").write_text(json.dumps(MACHINE))
    told = page_blocks.speed(tmp_path)
    assert "| 20,000 | 0.05 | numba | this code | 2 | 350 | 340 .. 360 | 1 |" in told
    assert told.endswith("Machine: a processor, 2 threads, Python 3.11.7.\n")


def effects(**changed: float) -> pd.DataFrame:
    """What a policy does to every outcome alike."""
    rows = [{"policy": "a rule", "outcome": name, **changed} for name in page_blocks.CHANGED]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("change", "low", "high", "shown"),
    [
        (0.0867, 0.0592, 0.1142, "+8.7% (+5.9 .. +11.4)"),
        (-0.5, -0.75, 0.25, "-50.0% (-75.0 .. +25.0)"),
        (0.0, 0.0, 0.0, "+0.0%"),
        (float("nan"), float("nan"), float("nan"), ""),
    ],
)
def test_changes_stand_in_percent_a_column_an_outcome(
    tmp_path: Path, change: float, low: float, high: float, shown: str
) -> None:
    (tmp_path / "policies").mkdir()
    frame = effects(change=change, change_low=low, change_high=high)
    other = frame.assign(policy="a later rule")
    tables.write(pd.concat([frame, other]), tmp_path / "policies" / "effects.csv")
    header, _, *lines = page_blocks.BLOCKS["policies"](tmp_path).splitlines()
    assert cells(header) == ["policy", *page_blocks.CHANGED]
    assert [cells(line)[0] for line in lines] == ["a rule", "a later rule"]
    assert cells(lines[0])[1:] == [shown] * len(page_blocks.CHANGED)


def test_what_pairing_saves_is_told_and_where_nothing_differs(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    frame = effects().assign(all_days=[3.14159, 2718.28, float("inf"), float("nan"), 10.0, 0.5])
    tables.write(frame, tmp_path / "policies" / "pairing.csv")
    _, _, line = page_blocks.pairing(tmp_path).splitlines()
    assert cells(line) == ["a rule", "3.14", "2,718", "alike", "alike", "10", "0.5"]


def test_table_1_stands_beside_the_reported(tmp_path: Path) -> None:
    (tmp_path / "channels").mkdir()
    row = {
        "channel": "moments",
        "visits": 70_000.0,
        "reported_visits": 65_942.6,
        "conversion": 0.1,
        "conversion_low": 0.08,
        "conversion_high": 0.12,
        "reported_conversion": 0.082,
        "order_value": 198.0,
        "order_value_low": 190.0,
        "order_value_high": 206.0,
        "reported_order_value": 198.0,
    }
    tables.write(pd.DataFrame([row]), tmp_path / "channels" / "channels.csv")
    _, _, line = page_blocks.channels(tmp_path).splitlines()
    told = ["moments", "70,000", "65,943", "0.1", "0.08 .. 0.12", "0.082", "198", "190 .. 206"]
    assert cells(line) == [*told, "198"]


def test_conversions_of_viewers_stand_with_what_bears_on_them(tmp_path: Path) -> None:
    (tmp_path / "livestream").mkdir()
    ends = ("ci", "prior", "reported")
    spans = {f"{name}_{end}": 0.1 for name in ends for end in ("low", "high")}
    row = {"kind": "a room", "reading": "a reading", "value": 0.123456, "mechanism_off": 0.1}
    frame = pd.DataFrame([row | spans, row | dict.fromkeys(spans, float("nan"))])
    tables.write(frame, tmp_path / "livestream" / "conversions.csv")
    header, _, whole, bare = page_blocks.conversions(tmp_path).splitlines()
    assert cells(header)[2:] == [
        "reported",
        "value",
        "95% interval",
        "prior 5-95%",
        "mechanism off",
    ]
    assert cells(whole)[2:] == ["0.1 .. 0.1", "0.1235", "0.1 .. 0.1", "0.1 .. 0.1", "0.1"]
    assert cells(bare)[2:] == ["", "0.1235", "", "", "0.1"]


def test_the_speed_of_the_market_names_its_machine(tmp_path: Path) -> None:
    market = tmp_path / "market"
    market.mkdir()
    row = {"claim": "seconds a day, median", "measured": 2.5, "at_most": 5.0, "met": True}
    tables.write(pd.DataFrame([row]), market / "claims.csv")
    (market / "manifest.json").write_text(json.dumps(MACHINE))
    told = page_blocks.market_claims(tmp_path)
    assert "| seconds a day, median | 2.5 | 5 | True |" in told
    assert told.endswith("Machine: a processor, 2 threads, Python 3.11.7.\n")


def test_the_command_writes_the_pages(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    monkeypatch.setattr(page_blocks, "PAGES", (page,))
    page_blocks.page_blocks(out=results)
    assert page.read_text() == page_blocks.refreshed(PAGE, results)


def test_outside_a_checkout_the_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_blocks, "PAGES", (tmp_path / "README.md",))
    with pytest.raises(ValueError, match=r"README\.md: .*run this in a checkout"):
        page_blocks.page_blocks(out=tmp_path)
