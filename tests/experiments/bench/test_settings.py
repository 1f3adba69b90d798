"""One setting: checked before it is timed, and timed in calls of the size that was asked for."""

import numpy as np
import pytest

from weishang.experiments.bench import settings
from weishang.experiments.bench.common.graphs import build_graph
from weishang.experiments.bench.contenders.contenders import CONTENDERS
from weishang.experiments.bench.contenders.program import Program
from weishang.experiments.bench.settings import Setting
from weishang.kernels import Graph

OURS = [one for one in CONTENDERS if one.name in ("numba", "torch")]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build_graph(400, np.random.default_rng(1))


def test_speed_and_calls_are_measured_where_asked(graph: Graph) -> None:
    setting = Setting("small", graph, 0.05, OURS, True, (3, 5), ("numba", "pynetim"))
    found = settings.run_setting(setting, 0.001, 0.001, 1, 1)
    assert found.checks["program"].tolist() == ["numba", "torch"]
    assert set(found.speed["program"]) == {"numba", "torch"}
    assert set(found.calls["program"]) == {"numba"}
    assert set(found.calls["replicas"]) == {3, 5}
    for frame in found:
        assert (frame[["graph", "nodes", "p"]] == ["small", 400, 0.05]).all(axis=None)


def test_no_speed_where_none_is_asked_for(graph: Graph) -> None:
    setting = Setting("small", graph, 0.05, OURS[:1], False, (), ())
    found = settings.run_setting(setting, 0.001, 0.001, 1, 1)
    assert len(found.checks) == 1
    assert found.speed.empty
    assert found.calls.empty


def test_calls_have_exactly_so_many_replicas_and_luck_of_their_own() -> None:
    calls = []

    def reaches(cascades: int, seed: int):
        calls.append((cascades, seed))
        return np.array([4, 6])

    run = settings._repeated(Program(reaches), 64)
    assert run(5, 1) == 5.0
    assert [cascades for cascades, _ in calls] == [64] * 5
    assert len({seed for _, seed in calls}) == 5
