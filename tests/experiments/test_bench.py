"""The benchmark: nothing is timed before it is checked, and nobody is left out unseen."""

import numpy as np
import pandas as pd
import pytest

from weishang.experiments import bench, contenders, manifest
from weishang.experiments.bench import Scale
from weishang.experiments.contenders import CONTENDERS, Contender
from weishang.experiments.peak_memory import FORGET, peak_beyond_graph

TINY = Scale(((2_000, (0.05,)), (400, (0.1,))), 0.002)


@pytest.fixture(scope="module")
def graph():
    return bench.build_graph(20_000, np.random.default_rng(1))


def test_graph_is_that_of_its_description(graph):
    again = bench.build_graph(20_000, np.random.default_rng(1))
    assert graph.fingerprint() == again.fingerprint()
    source = np.repeat(np.arange(graph.num_nodes), graph.degrees)
    pairs = set(zip(source.tolist(), graph.indices.tolist(), strict=True))
    assert len(pairs) == graph.num_edges
    assert all((v, u) in pairs and u != v for u, v in pairs)
    away = np.abs(source - graph.indices)
    near = np.minimum(away, graph.num_nodes - away) <= bench.NEAR
    assert 17.5 < graph.num_edges / graph.num_nodes < 19
    assert 0.4 < near.mean() < 0.5
    assert graph.degrees.max() > 10 * graph.degrees.mean()


def test_seeds_are_the_largest_hubs(graph):
    seeds = bench.largest_hubs(graph)
    others = np.delete(graph.degrees, seeds)
    assert len(set(seeds)) == bench.NUM_SEEDS
    assert graph.degrees[seeds].min() >= others.max()


@pytest.mark.parametrize("errors", [-5, 5])
def test_a_program_with_another_mean_stops_the_run(errors):
    baseline = np.array([90, 110] * 128)
    counts = {"honest": 100, "biased": 100}

    def honest(cascades, seed):
        return 100.0

    def biased(cascades, seed):
        return 100.0 + errors * baseline.std(ddof=1) * np.sqrt(1 / 256 + 1 / 100)

    table = bench.check_means({"honest": honest}, counts, baseline, 1)
    assert table["errors_away"].tolist() == [0.0]
    with pytest.raises(RuntimeError, match=r"biased reaches .* no times"):
        bench.check_means({"honest": honest, "biased": biased}, counts, baseline, 1)
    with pytest.raises(RuntimeError, match="nan"):
        bench.check_means({"honest": lambda c, s: float("nan")}, counts, baseline, 1)


def test_backends_that_differ_stop_the_run(monkeypatch):
    graph = bench.build_graph(500, np.random.default_rng(1))
    seeds = bench.largest_hubs(graph)
    bench.check_exact(graph, seeds, 0.05, 1)
    propagate = bench.propagate

    def other_luck(*arguments, backend, **options):
        graph, rule, seeds, cascades, seed = arguments
        return propagate(
            graph, rule, seeds, cascades, seed + (backend == "torch"), backend=backend, **options
        )

    monkeypatch.setattr(bench, "propagate", other_luck)
    with pytest.raises(RuntimeError, match="backends differ"):
        bench.check_exact(graph, seeds, 0.05, 1)


@pytest.mark.parametrize("seed", [-1, 1 << 31])
def test_seeds_that_not_every_program_takes_are_refused(tmp_path, seed):
    with pytest.raises(ValueError, match=f"seed is {seed}"):
        bench.bench(seed=seed, quick=True, out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_measurements_are_interleaved_and_counted():
    calls = []
    runs = {name: lambda c, s, name=name: calls.append((name, c, s)) or 0.0 for name in "ab"}
    table = bench.measure(runs, {"a": 3, "b": 5}, 10)
    assert [name for name, _, _ in calls] == ["a", "b"] * bench.REPETITIONS
    assert {seed for _, _, seed in calls} == set(range(10, 10 + bench.REPETITIONS))
    speeds = table["cascades"] / table["seconds"]
    pd.testing.assert_series_equal(table["cascades_per_second"], speeds, check_names=False)


def test_summary_is_the_median_and_our_multiple_of_it():
    rows = [("numba", s) for s in (10, 50, 30)] + [("peer", s) for s in (2, 3, 100)]
    frame = pd.DataFrame(rows, columns=["program", "cascades_per_second"])
    table = bench.summarise(frame.assign(nodes=10, edges=20, p=0.1)).set_index("program")
    assert table.loc["numba", ["median", "min", "max"]].tolist() == [30, 10, 50]
    assert table["ratio"].tolist() == [1, 10]


def test_calibration_finds_about_the_time(monkeypatch):
    clock = iter(np.cumsum([0, 1, 0, 2, 0, 4, 0, 8, 0, 16]).tolist())
    monkeypatch.setattr(bench.time, "perf_counter", lambda: next(clock))
    assert bench.calibrate(lambda cascades, seed: 0.0, 10.0, 1) == 8


def test_a_whole_run_with_an_absent_program(tmp_path, monkeypatch, capsys):
    absent = Contender("Absent", CONTENDERS[0].prepare, "no_such_module", "no-such-package")
    monkeypatch.setattr(bench, "QUICK", TINY)
    monkeypatch.setattr(bench, "CONTENDERS", (*CONTENDERS[:2], absent))
    bench.bench(seed=3, threads=1, quick=True, out=tmp_path)
    folder = tmp_path / "bench"
    manifest.verify(folder)
    largest = bench.build_graph(TINY.graphs[0][0], np.random.default_rng(3))
    assert manifest.read(folder)["graph_sha256"] == largest.fingerprint()
    speed = pd.read_csv(folder / "speed.csv")
    assert speed["program"].tolist() == ["numba", "torch"] * 2 + ["Absent"]
    assert "no_such_module" in speed["version"].iloc[-1]
    assert (speed["median"].dropna() > 0).all()
    assert (pd.read_csv(folder / "checks.csv")["errors_away"].abs() <= bench.BOUND).all()
    memory = pd.read_csv(folder / "memory.csv")
    assert memory["program"].tolist() == (["numba", "torch"] if FORGET.exists() else [])
    assert "Absent" in capsys.readouterr().out


@pytest.mark.skipif(not FORGET.exists(), reason="the system does not tell a peak of memory")
@pytest.mark.parametrize("backend", ["numba", "torch"])
@pytest.mark.parametrize(("p", "cascades"), [(0.02, 512), (0.1, 16)])
def test_memory_stays_within_8_bytes_an_edge_and_16_a_node(tmp_path, backend, p, cascades):
    graph = bench.build_graph(200_000, np.random.default_rng(1))
    file = tmp_path / "graph.npz"
    np.savez(file, indptr=graph.indptr, indices=graph.indices)
    peak = peak_beyond_graph(file, backend, p, cascades, bench.largest_hubs(graph), 2)
    assert peak is not None
    assert 0 < peak <= contenders.memory_limit(graph)


@pytest.mark.skipif(not FORGET.exists(), reason="the system does not tell a peak of memory")
def test_a_failed_measurement_is_told(tmp_path):
    with pytest.raises(RuntimeError, match="numba could not be measured"):
        peak_beyond_graph(tmp_path / "absent.npz", "numba", 0.1, 1, [0], 1)
