"""README and docs/speed.md state of measured speed what results/bench/ holds, and nothing else.

test_docs.py compares the tables between markers with the results; here, that no figure of speed is
written beside them, and that the claims follow from the measurements that are kept.
"""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from weishang.experiments.bench import claims as bench_claims
from weishang.experiments.bench import tables as bench_tables
from weishang.experiments.storage import tables
from weishang.experiments.studies import page_blocks

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
SPEED = ROOT / "docs" / "speed.md"
BENCH = ROOT / "results" / "bench"
BLOCKS = (
    "claims",
    "speed",
    "calls",
    "memory",
    "market_profile",
    "sweep_claims",
)

BLOCK = re.compile(r"<!-- begin (\w+) -->\n.*?<!-- end \1 -->", re.DOTALL)
NUMBER = r"\d[\d.,]*(?: *(?:to|-|\.\.) *\d[\d.,]*)?"
FACTOR = re.compile(rf"{NUMBER}[ -]?(?:×|(?:x|times|fold)\b)", re.IGNORECASE)
RATE = re.compile(
    rf"{NUMBER} *(?:%|(?:ns|us|µs|ms|s|seconds?|cascades)\b)",
    re.IGNORECASE,
)


def readme() -> str:
    return README.read_text(encoding="utf-8")


def section(page: Path, heading: str) -> str:
    text = page.read_text(encoding="utf-8")
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no section {heading}"
    return found[1]


def measured() -> str:
    """What docs/speed.md has of today's measurements, before those that were taken by hand."""
    return section(SPEED, "Measured")


def by_hand(text: str) -> str:
    """A page without its generated blocks, on one line."""
    return " ".join(BLOCK.sub("", text).split())


def saved(name: str) -> pd.DataFrame:
    path = next(iter(BENCH.glob(f"{name}.*")), None)
    if path is None or not (BENCH / "claims.csv").is_file():
        pytest.skip("no claims in results/bench yet: run `weishang bench`")
    return tables.read(path) if path.suffix == ".csv" else pd.read_parquet(path)


def test_the_section_of_measurements_has_its_tables() -> None:
    assert re.findall(r"<!-- begin (\w+) -->", measured()) == list(BLOCKS)
    assert "<!-- begin market_claims -->" in readme()


def test_no_figure_of_speed_is_written_by_hand() -> None:
    for text in (readme(), measured()):
        assert FACTOR.findall(by_hand(text)) == []
    for text in (section(README, "The kernels alone"), measured()):
        assert RATE.findall(by_hand(text)) == []


@pytest.mark.parametrize(
    "text", ["25 times faster", "a 10x gain", "2 to 3 times", "11.7-fold", "1,200 × NDlib"]
)
def test_factors_are_recognised(text: str) -> None:
    assert FACTOR.search(by_hand(f"before\n{text}\nafter"))
    hidden = f"before\n<!-- begin speed -->\n{text}\n<!-- end speed -->\nafter"
    assert not FACTOR.search(by_hand(hidden))


@pytest.mark.parametrize("text", ["in 3 s", "8 ns a read", "54,340 cascades", "99 % of it"])
def test_rates_are_recognised(text: str) -> None:
    assert RATE.search(by_hand(text))


def test_blocks_show_claims_and_calls_with_their_machine(tmp_path: Path) -> None:
    folder = tmp_path / "bench"
    folder.mkdir()
    rows = [("fast", "at least 3", 4.5, "yes"), ("far", "at most 2", float("nan"), "not run")]
    tables.write(pd.DataFrame(rows, columns=bench_claims.COLUMNS), folder / "claims.csv")
    call = {"graph": "nethept", "p": 0.01, "replicas": 4096, "program": "pynetim", "ratio": 11.0}
    times = {"median": 20.0, "min": 19.0, "max": 21.0}
    tables.write(pd.DataFrame([call | times]), folder / "calls.csv")
    record = {"cpu": "a processor", "threads": 2, "python": "3.11.7"}
    (folder / "manifest.json").write_text(json.dumps(record))
    claims = page_blocks.BLOCKS["claims"](tmp_path)
    assert "| fast | at least 3 | 4.5 | yes |\n| far | at most 2 |  | not run |" in claims
    assert "Machine: a processor, 2 threads" in claims
    calls = page_blocks.BLOCKS["calls"](tmp_path)
    assert "| nethept | 0.01 | 4,096 | pynetim | 20 | 19 .. 21 | 11 |" in calls


def test_claims_follow_from_the_tables_that_are_kept() -> None:
    kept = saved("claims")
    sources = [saved(name) for name in ("speed", "calls", "start", "growth", "bound")]
    pd.testing.assert_frame_equal(kept, bench_claims.claims(*sources))


def test_tables_follow_from_the_measurements_that_are_kept() -> None:
    kept, repetitions = saved("speed"), saved("repetitions")
    again = bench_tables.speed_table(repetitions, int(kept["threads"].max()))
    columns = ["nodes", "p", "program", "median", "min", "max", "ratio", "ns_a_person"]
    there = kept.dropna(subset="median")[columns].reset_index(drop=True)
    again = again.dropna(subset="median")[columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(there, again, check_dtype=False)


def test_the_claims_are_of_the_full_run() -> None:
    kept = saved("claims")
    told = kept["claim"].str.cat(sep="\n")
    for p in (0.02, 0.05, 0.1):
        assert f"cascades a second, 1,000,000 nodes, p = {p:g}" in told
    assert "torch over cynetdiff, 1,000,000 nodes, p = 0.05, 64 replicas" in told
    assert "compiled code first ever" in told


def test_the_markets_claims_are_what_its_days_took() -> None:
    folder = ROOT / "results" / "market"
    if not (folder / "claims.csv").is_file():
        pytest.skip("no results/market yet: run `weishang market-speed`")
    days, claims = (tables.read(folder / f"{name}.csv") for name in ("days", "claims"))
    usual = days[days["activity"] == days["activity"].min()]
    parameters = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["parameters"]
    assert (parameters["users"], parameters["num_sellers"]) == (1_000_000, 10_000)
    assert parameters["sellers"]["activity"] == usual["activity"].iloc[0]
    assert claims["measured"].tolist() == [usual["seconds"].median(), usual["peak_gb"].max()]
    assert claims["met"].all()
