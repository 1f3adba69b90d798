"""`weishang estimate`: what a run takes, whether it fits, and what would."""

import re
import sys
from dataclasses import replace

import numpy as np
import pytest

from weishang.experiments import cli
from weishang.experiments.bench.common.graphs import build_graph, largest_hubs
from weishang.experiments.bench.contenders.contenders import backend_options
from weishang.experiments.bench.memory import FORGET, peak_beyond_graph
from weishang.experiments.diagnostics import estimate as command
from weishang.experiments.diagnostics.estimate import Room, Run
from weishang.kernels.cascade.core.memory import Batch
from weishang.kernels.cascade.registry import estimate
from weishang.kernels.cascade.resources import estimate as needs
from weishang.kernels.runtime import free_memory

BATCH = Batch(100_000, 1_000_000, cascades=1_000, events=True)
NUMBA = Run("numba", threads=2)


@pytest.fixture
def weishang(monkeypatch, capsys):
    """Runs `weishang estimate` on a machine with so much room; gives code, stdout and stderr."""

    def run(*options, host=8 * 10**9, device=None):
        monkeypatch.setattr(free_memory, "host_bytes", lambda: host)
        monkeypatch.setattr(free_memory, "device_bytes", lambda: device)
        monkeypatch.setattr(sys, "argv", ["weishang", "estimate", *map(str, options)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        told = capsys.readouterr()
        return caught.value.code, told.out, told.err

    return run


def test_a_run_that_fits(weishang):
    code, out, _ = weishang("--users", 10_000, "--friends", 20, "--backend", "numba")
    assert code == 0
    assert "64 cascades, 10,000 nodes, 200,000 directed edges" in out
    graph = needs.in_words(8 * 10_001 + 4 * 200_000)
    assert re.search(rf"host: graph +{re.escape(graph)}", out)
    assert re.search(r"host in all +[\d.]+ MB +8\.0 GB", out)
    assert "device" not in out
    assert out.endswith("It fits.\n")


def test_a_batch_that_does_not_fit_tells_what_would(weishang):
    options = ("--users", 100_000, "--friends", 10, "--cascades", 1_000, "--record", "events")
    code, out, _ = weishang(*options, "--backend", "numba", "--threads", 2)
    assert code == 1
    most, calls = (
        int(number.replace(",", ""))
        for number in re.findall(r"at most ([\d,]+) cascades a call would, in ([\d,]+) calls", out)[
            0
        ]
    )
    assert calls == -(-1_000 // most) > 1
    assert weishang(*options, "--backend", "numba", "--threads", 2, "--cascades", most)[0] == 0
    assert weishang(*options, "--backend", "numba", "--threads", 2, "--cascades", most + 1)[0] == 1


def test_a_graph_that_does_not_fit_is_told(weishang):
    code, out, _ = weishang("--users", 2_000_000_000, "--backend", "numba")
    assert code == 1
    assert re.search(r"It does not fit: one cascade alone takes up to 1\.3 TB\.\n$", out)


def test_a_device_has_its_own_bound(weishang):
    options = ("--backend", "triton", "--users", 1_000_000, "--memory", 10**10, "--cascades", 999)
    code, out, _ = weishang(*options, device=20 * 10**9)
    assert code == 0
    assert re.search(r"device +10\.6 GB +20\.0 GB", out)
    assert out.endswith("It fits.\n")
    code, out, _ = weishang(*options, device=5 * 10**9)
    assert code == 1
    assert "cascades a call would" in out
    code, out, _ = weishang(*options)
    assert code == 0
    assert out.endswith(f"{command.UNCERTAIN}\n")


def test_a_file_is_read(weishang, tmp_path):
    file = tmp_path / "graph.txt"
    file.write_text("0 1 0.5\n1 2 1.0\n1 1 0.3\n")
    code, out, _ = weishang("--graph", file, "--backend", "reference")
    assert code == 0
    assert "64 cascades, 3 nodes, 4 directed edges" in out
    assert f"{8 * 4 + 20 * 4} bytes" in out


def test_fewer_people_reached_take_less():
    few = estimate("numba", BATCH, threads=2).work
    assert estimate("numba", replace(BATCH, reach=10.0), threads=2).work < few / 9


def test_auto_is_what_propagate_would_take(weishang, monkeypatch):
    for chosen, name in ((False, "numba"), (True, "triton")):
        monkeypatch.setattr(command, "chosen_unasked", lambda chosen=chosen: chosen)
        assert f"Memory with {name}" in weishang("--users", 1_000, device=10**9)[1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--backend", "cuda"), "backend is 'cuda'; give one of auto, reference, torch, numba"),
        (("--record", "all"), "record is 'all'; give one of counts, events"),
        (("--cascades", "0"), "--cascades"),
        (("--users", "3000000000"), "--users"),
        (("--friends", "-1"), "--friends"),
        (("--backend", "torch", "--memory", "1000"), "memory is 1000 bytes"),
        (("--graph", "absent.txt"), "absent.txt"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(weishang, options, told):
    code, out, err = weishang(*options)
    assert code == 2
    assert out == ""
    assert err.startswith("weishang: ")
    assert err.count("\n") == 1
    assert told in err


def test_what_nobody_tells_is_taken_to_be_enough():
    need = NUMBA.need(BATCH)
    assert command.fits(need, Room(None, None))
    assert not command.fits(need, Room(need.host - 1, None))
    assert command.fits(need, Room(need.host, 0))


@pytest.mark.parametrize("most", [0, 1, 2, 517, 999, 1_000])
def test_the_largest_batch_is_found(most):
    host = NUMBA.need(replace(BATCH, cascades=max(most, 1))).host - (most == 0)
    assert command.largest_batch(NUMBA, BATCH, Room(host, None)) == most


@pytest.mark.skipif(not FORGET.exists(), reason="the system does not tell a peak of memory")
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_the_estimate_holds_what_the_benchmark_measures(tmp_path, backend):
    graph = build_graph(200_000, np.random.default_rng(1))
    file = tmp_path / "graph.npz"
    np.savez(file, indptr=graph.indptr, indices=graph.indices)
    peak = peak_beyond_graph(file, backend, 1.0, 16, largest_hubs(graph), 2)
    options = backend_options(backend, graph, 2)
    batch = Batch(graph.num_nodes, graph.num_edges, 16)
    need = Run(backend, 2, memory=options.get("memory")).need(batch)
    assert peak is not None
    assert 0 < peak <= need.beyond_graph <= 3 * peak + needs.FIXED_BYTES
