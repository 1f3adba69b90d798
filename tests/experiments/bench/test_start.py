"""A fresh process gives the same cascades, and its time is told."""

import time

import pytest

from weishang.experiments.bench import start
from weishang.kernels import Graph, independent_cascade


def test_a_fresh_process_reaches_what_this_one_reaches(tmp_path) -> None:
    edges = tmp_path / "edges.txt"
    edges.write_text("".join(f"{u} {u + step}\n" for u in range(60) for step in (1, 2)))
    began = time.perf_counter()
    took, reach = start.first_result(edges, 0.5, 20, [0, 7], 1, None)
    passed = time.perf_counter() - began
    graph = Graph.from_edge_list(edges, directed=False)
    assert reach == independent_cascade(graph, [0, 7], 0.5, 20, backend="numba").reach.sum()
    assert 0.5 * passed < took <= passed


def test_a_failed_process_is_told(tmp_path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)first result could not be had:.*absent\.txt"):
        start.first_result(tmp_path / "absent.txt", 0.5, 1, [0], 1, None)


def test_starts_are_listed_and_compiled_code_is_kept_between_them(monkeypatch) -> None:
    caches, started = [], start.first_result

    def process(edges, p, cascades, seeds, threads, cache):
        caches.append(cache)
        return started(edges, p, cascades, seeds, threads, None)

    monkeypatch.setattr(start, "public_files", dict)
    monkeypatch.setattr(start, "first_result", process)
    monkeypatch.setattr(start, "START_NODES", 200)
    table = start.measure_start(2, True, 1, 1)
    assert table["compiled_code"].tolist() == ["first ever", "cached", "cached"]
    assert table["nodes"].tolist() == [200] * 3
    assert len(set(caches)) == 1
    assert caches[0] is not None
    start.measure_start(1, False, 1, 1)
    assert caches[-1] is None


def test_another_result_stops_the_run(monkeypatch) -> None:
    monkeypatch.setattr(start, "public_files", dict)
    monkeypatch.setattr(start, "START_NODES", 200)
    monkeypatch.setattr(start, "first_result", lambda *told: (1.0, -1))
    with pytest.raises(RuntimeError, match="a fresh process reaches -1, here"):
        start.measure_start(1, False, 1, 1)
