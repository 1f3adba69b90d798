"""Tables of the pages: renewed from results, left alone without them, true to the saved numbers."""

import json
from pathlib import Path

import pandas as pd
import pytest

from weishang.experiments import page_blocks, tables, verdicts
from weishang.experiments.verdicts import Verdict

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
    record = {"cpu": "a processor", "threads": 2, "python": "3.11.7"}
    (bench / "manifest.json").write_text(json.dumps(record))
    told = page_blocks.speed(tmp_path)
    assert "| 20,000 | 0.05 | numba | this code | 2 | 350 | 340 .. 360 | 1 |" in told
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
