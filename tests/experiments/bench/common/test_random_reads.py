"""Random reads: each place as often as another, all of them summed, slower from a larger array."""

import numpy as np
import pytest

from weishang.experiments.bench.common import random_reads
from weishang.kernels import Graph


def test_every_read_is_summed() -> None:
    array = np.full(1000, 3, dtype=np.int32)
    assert random_reads._sum_at_random(array, 17, 5_000) == 15_000


def test_places_are_even_over_the_array() -> None:
    """Chi-square of 100,000 reads of 50 places, 49 degrees of freedom; fixed, so never by luck."""
    reads = [
        int(random_reads._sum_at_random(one, 0, 100_000)) for one in np.eye(50, dtype=np.int64)
    ]
    assert sum(reads) == 100_000
    assert sum((count - 2000) ** 2 / 2000 for count in reads) < 85


def test_reads_from_memory_cost_more_than_reads_from_a_cache() -> None:
    """The best of three each: a neighbour can keep one of them waiting, but not all."""
    small, large = (
        min(random_reads.nanoseconds(array, 1, reads=1 << 18) for _ in range(3))
        for array in (np.ones(512, dtype=np.int64), np.ones(1 << 24, dtype=np.int64))
    )
    assert 0 < small < large


def test_reads_are_of_the_graphs_own_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Graph.from_edges([0, 1], [1, 2], num_nodes=130, directed=False)
    asked = []
    monkeypatch.setattr(
        random_reads,
        "nanoseconds",
        lambda array, threads: asked.append((array, threads)) or len(asked),
    )
    assert random_reads.of_graph(graph, 2) == random_reads.Reads(offset=1, target=2, seen=3)
    assert asked[0][0] is graph.indptr
    assert asked[1][0] is graph.indices
    assert (asked[2][0].size, asked[2][0].dtype) == (3, np.uint64)
    assert {threads for _, threads in asked} == {2}


def test_bound_counts_a_row_and_a_bit_a_person_and_a_target_an_exposure() -> None:
    assert (
        random_reads.person_bound(random_reads.Reads(offset=8.0, target=4.0, seen=1.0), 2.5) == 19.0
    )


def test_exposures_of_a_star() -> None:
    """All who post are known: at p = 1 the hub's 40 ties and one of each leaf, for 40 people."""
    star = Graph.from_edges([0] * 40, range(1, 41), directed=False)
    assert random_reads.exposures_a_person(star, [0], 1.0, 40.0, 1) == (40 + 40) / 40
    few = random_reads.exposures_a_person(star, [0], 0.25, 10.0, 1)
    assert few == pytest.approx(0.25 * (40 + 10) / 10, rel=0.05)
    assert random_reads.exposures_a_person(star, [0], 0.0, 0.0, 1) == 0.0
