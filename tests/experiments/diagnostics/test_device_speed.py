"""Speed of a device: random reads, copying, and trials held against their bound."""

import numpy as np
import pytest
import torch

from weishang.experiments.bench.common.graphs import build_graph, largest_hubs
from weishang.experiments.diagnostics import device_speed
from weishang.kernels import independent_cascade

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(device_speed, "READS", {"cpu": 1 << 14})
    monkeypatch.setattr(device_speed, "COPIED_BYTES", {"cpu": 1 << 20})
    monkeypatch.setattr(device_speed, "USUAL_BYTES", 1 << 18)


def test_a_row_a_measurement():
    table = device_speed.bandwidth(CPU)
    assert table["measure"].tolist() == ["copy, read and written"] + 2 * ["random read of 8 bytes"]
    assert table["array_bytes"].tolist() == [1 << 20, 1 << 18, 1 << 20]
    assert table["unit"].tolist() == ["GB/s", "ns", "ns"]
    assert (table["value"] > 0).all()


def test_times_are_turned_into_bandwidth_and_nanoseconds(monkeypatch):
    monkeypatch.setattr(device_speed, "_median_seconds", lambda work, device: work() is None or 0.5)
    table = device_speed.bandwidth(CPU)
    assert table["value"].tolist()[0] == 2 * (1 << 20) / 0.5 / 1e9
    assert table["value"].tolist()[1:] == [1e9 * 0.5 / (1 << 14)] * 2


def test_the_median_leaves_out_the_first_time(monkeypatch):
    clock = iter(np.cumsum([0, 100, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5]).tolist())
    monkeypatch.setattr(device_speed.time, "perf_counter", lambda: next(clock))
    assert device_speed._median_seconds(lambda: None, CPU) == 3


def test_trials_are_the_slots_of_those_who_post(monkeypatch):
    graph = build_graph(2_000, np.random.default_rng(1))
    seeds, p, seed = largest_hubs(graph), 0.1, 7
    backends = {"numba": {"backend": "numba"}, "torch": {"backend": "torch", "device": "cpu"}}
    table = device_speed.trials(graph, seeds, [p, 0.05], backends, CPU, 3, 0.002, seed)
    assert table["backend"].tolist() == ["numba", "torch"] * 2
    assert table["p"].tolist() == [p, p, 0.05, 0.05]
    assert (table["min"] <= table["cascades_per_second"]).all()
    assert (table["bound"] > 0).all()
    assert (table["cascades"] % 3 == 0).all()
    first = table.iloc[0]
    events = independent_cascade(graph, seeds, p, 400, 1, record="events").events
    slots = graph.degrees[events.node].sum() / 400 + graph.degrees[seeds].sum()
    assert first["trials_a_cascade"] == pytest.approx(slots, rel=0.2)
    trials = first["trials_a_cascade"] * first["cascades_per_second"]
    assert first["trials_per_second"] == pytest.approx(trials)
    assert first["mean_reach"] == pytest.approx(len(events) / 400, rel=0.2)
    assert first["of_bound"] == first["trials_per_second"] / first["bound"]


@pytest.mark.gpu
def test_a_device_is_waited_for():
    table = device_speed.bandwidth(torch.device("cuda"))
    assert 0 < table["value"].iloc[0] < 20_000
