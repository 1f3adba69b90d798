"""The benchmark from end to end, small: all tables and figures, and nobody left out unseen."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from weishang.experiments.bench import bench, start
from weishang.experiments.bench import checks as bench_checks
from weishang.experiments.bench import tables as bench_tables
from weishang.experiments.bench.common import graphs as bench_graphs
from weishang.experiments.bench.common.graphs import build_graph
from weishang.experiments.bench.contenders.contenders import CONTENDERS, Contender
from weishang.experiments.bench.memory import FORGET
from weishang.experiments.storage import manifest

TINY = replace(
    bench.QUICK,
    graphs=((2_000, (0.05,)), (400, (0.1,))),
    seconds=0.002,
    large_calls=(2_000, 0.05, 4),
    public=((0.05,), (8,)),
    call_seconds=0.002,
    sizes=(400, 800),
)
TABLES = {"claims", "speed", "calls", "start", "growth", "bound", "gather", "checks", "memory"}


@pytest.mark.parametrize("seed", [-1, 1 << 31])
def test_seeds_that_not_every_program_takes_are_refused(tmp_path, seed):
    with pytest.raises(ValueError, match=f"seed is {seed}"):
        bench.bench(seed=seed, quick=True, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_largest_size_below_all_is_refused(tmp_path):
    with pytest.raises(ValueError, match="largest is 9999; give at least 10000 nodes"):
        bench.bench(largest=9_999, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("largest", "sizes"), [(10_000, 1), (99_999, 1), (10_000_000, 4), (30_000_000, 5)]
)
def test_sizes_end_with_the_largest_asked_for(largest, sizes):
    assert bench._sizes_up_to(bench.FULL.sizes, largest) == bench.FULL.sizes[:sizes]


def test_the_full_scale_has_what_the_claims_need():
    nodes, p, _ = bench.FULL.large_calls
    assert (nodes, True) in [(size, p in many) for size, many in bench.FULL.graphs]
    assert nodes == bench.FULL.graphs[0][0] == max(size for size, _ in bench.FULL.graphs)
    assert bench.GROWTH_FROM in bench.FULL.sizes
    assert bench.FULL.first_ever


@pytest.fixture
def public(tmp_path, monkeypatch):
    """A folder of public graphs that holds one of the two."""
    folder = tmp_path / "graphs"
    folder.mkdir()
    graph = build_graph(300, np.random.default_rng(2))
    source = np.repeat(np.arange(300), graph.degrees)
    np.savetxt(folder / "nethept.txt", np.column_stack([source, graph.indices]), fmt="%d")
    monkeypatch.setattr(bench_graphs, "PUBLIC_FOLDER", folder)
    monkeypatch.setattr(start, "START_NODES", 300)
    return folder


def test_a_whole_run(public, tmp_path, monkeypatch, capsys):
    absent = Contender("Absent", CONTENDERS[0].prepare, "no_such_module", "no-such-package")
    monkeypatch.setattr(bench, "QUICK", TINY)
    for module in (bench, bench_tables):
        monkeypatch.setattr(module, "CONTENDERS", (*CONTENDERS[:2], absent))
    bench.bench(seed=3, threads=1, quick=True, out=tmp_path)
    folder = tmp_path / "bench"
    manifest.verify(folder)
    largest = build_graph(TINY.graphs[0][0], np.random.default_rng(3))
    record = manifest.read(folder)
    assert record["graph_sha256"] == largest.fingerprint()
    assert [one["name"] for one in record["inputs"]] == ["nethept.txt"]
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in TABLES}
    speed = tables["speed"]
    assert speed["program"].tolist() == ["numba", "torch"] * 2 + ["Absent"]
    assert "no_such_module" in speed["version"].iloc[-1]
    assert (speed["median"].dropna() > 0).all()
    checks = tables["checks"]
    assert (checks["errors_away"].abs() <= bench_checks.BOUND).all()
    assert (checks["ks_p_value"] >= bench_checks.FALSE_ALARM).all()
    assert checks["graph"].unique().tolist() == ["generated", "nethept"]
    assert tables["calls"]["replicas"].tolist() == [4, 4, 8]
    assert tables["memory"]["program"].tolist() == (["numba", "torch"] if FORGET.exists() else [])
    assert tables["start"]["compiled_code"].tolist() == ["cached"]
    assert tables["growth"]["nodes"].tolist() == [400, 800]
    book = pd.read_csv(folder / "codebook.csv").groupby("table")["column"].apply(set)
    described = {name: set(columns) for name, columns in bench_tables.COLUMNS.items()}
    assert book.drop("codebook").to_dict() == described
    for name in ("speed_by_program", "cost_by_probability", "cost_by_nodes"):
        assert (folder / f"{name}.png").stat().st_size > 10_000
    page = (folder / "table.md").read_text()
    assert "so not run: facebook_combined.txt." in page
    assert "| nan |" not in page
    assert "numba over pynetim, facebook_combined" in capsys.readouterr().out
