"""What is the numba backend's own on layers: units, threads, memory, and sums of many hits."""

from typing import Any

import numpy as np
import pytest

from weishang.kernels import CascadeRule, Cascades, Graph, Groups, Strangers, propagate
from weishang.kernels.cascade.core.task import Task, check
from weishang.kernels.cascade.numba.common import batch as common_batch
from weishang.kernels.cascade.numba.multilayer import batch
from weishang.kernels.cascade.numba.multilayer import spread as cpu_layers

PEOPLE = 600
CASCADES = 19
PATHS = [[1, 2, 3, 3, 3], [4, 2, 4, 3, 4], [3, 3, 3, 3, 3]]


def layers(num_nodes: int = PEOPLE) -> list[Any]:
    """Ties to the next five, groups of forty that overlap, and thirty strangers a sharer."""
    source = np.repeat(np.arange(num_nodes), 5)
    target = (source + np.tile(np.arange(1, 6), num_nodes)) % num_nodes
    starts = np.arange(0, num_nodes - 40, 25)
    members = (starts[:, np.newaxis] + np.arange(40)).ravel().astype(np.int32)
    weights = np.linspace(0.2, 1.0, starts.size)
    return [
        Graph.from_edges(source, target, weights=np.full(source.size, 0.9)),
        Groups(num_nodes, np.arange(0, members.size + 1, 40), members, weights, post=0.6),
        Strangers(num_nodes, 30, 0.5, np.arange(num_nodes, dtype=np.int32) % 7),
    ]


def rule(**changes: Any) -> CascadeRule:
    """Half of what is seen is visited; sharing is likelier at the second exposure."""
    share = np.broadcast_to(np.array([0.1, 0.5]), (4, 3, 2, 2))
    tables: dict[str, Any] = {
        "view": np.array([[0.3], [0.2], [0.05]]),
        "visit": np.full((4, 2), 0.5),
        "buy": np.full((3, 2), 0.3),
        "share": share,
        "doses": 2,
        "paths": PATHS,
    }
    return CascadeRule(**(tables | changes))


def spread(record: str = "events", backend: str = "numba", **options: Any) -> Cascades:
    seeds = [[11 * row, 300 + row] for row in range(CASCADES)]
    segment = np.arange(PEOPLE) % 2
    return propagate(
        layers(),
        rule(),
        seeds,
        range(CASCADES),
        5,
        max_hops=6,
        segment=segment,
        backend=backend,
        record=record,
        **options,
    )


@pytest.fixture(scope="module")
def expected() -> Cascades:
    """The reference's answer."""
    return spread(backend="reference")


@pytest.mark.parametrize("threads", [1, 2, 5, 64])
def test_threads_change_nothing(threads: int, expected: Cascades) -> None:
    assert len(expected.events or ()) > 20 * CASCADES
    assert spread(threads=threads).equals(expected)


@pytest.mark.parametrize("threads", [1, 3])
def test_counts_are_those_beside_events(threads: int, expected: Cascades) -> None:
    counts = spread("counts", threads=threads)
    assert counts.events is None
    for name in ("reach", "visitors", "buyers", "sharers"):
        np.testing.assert_array_equal(getattr(counts, name), getattr(expected, name))


def test_events_have_the_types_that_they_are_said_to_have(expected: Cascades) -> None:
    mine, others = spread().events, expected.events
    assert mine is not None
    assert others is not None
    assert {name: array.dtype for name, array in vars(mine).items()} == {
        name: array.dtype for name, array in vars(others).items()
    }


def test_memory_is_made_once_a_thread_and_left_as_it_was_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []
    make = batch.make_memory

    def watched(*sizes: int) -> batch.Memory:
        made.append(make(*sizes))
        return made[-1]

    monkeypatch.setattr("weishang.kernels.cascade.numba.backend.make_memory", watched)
    spread(threads=3)
    # A thread that wakes when all is done makes none.
    assert 1 <= len(made) <= 3
    for memory in made:
        assert not memory.state.any()
        assert not memory.hit.any()
        assert not memory.words.any()
        assert (memory.posters == batch.NOBODY).all()


def test_memory_takes_what_it_is_said_to_take() -> None:
    memory = batch.make_memory(100_000, 321)
    size = sum(array.nbytes for array in (*memory[:-1], *memory.unit))
    assert size == batch.memory_bytes(100_000, 321)


@pytest.mark.parametrize("slots", [common_batch.UNIT_SLOTS - 1, 2 * common_batch.UNIT_SLOTS + 65])
def test_rows_longer_than_a_unit(slots: int) -> None:
    """Two sharers, each with more slots than are compared together, and all of them live."""
    channel = [Strangers(3_000, slots)]
    only_seeds = CascadeRule(view=[[1.0]], doses=3, share=np.zeros((1, 3, 1, 3)), visit=[[0.5]])
    mine, other = (
        propagate(channel, only_seeds, [5, 9], [3], record="events", backend=name)
        for name in ("numba", "reference")
    )
    assert mine.reach[0, 0] > 2_000
    assert mine.equals(other)


def test_many_short_rows_fill_more_than_a_unit() -> None:
    """A hub's leaves all post in the next hop, each in a row of a few slots."""
    leaves = 3 * common_batch.UNIT_BLOCKS + 7
    hub = np.zeros(leaves, dtype=int), np.arange(1, leaves + 1)
    back = np.arange(1, leaves + 1), np.arange(leaves, 0, -1)
    ties = Graph.from_edges(*np.concatenate((hub, back), axis=1))
    pairs = Groups(leaves + 1, np.arange(0, leaves + 1, 2), np.arange(1, leaves, dtype=np.int32))
    asked = CascadeRule(view=np.ones((2, 1)), share=np.ones((1, 3, 1)), visit=[[0.4]], doses=4)
    mine, other = (
        propagate([ties, pairs], asked, [0], range(3), record="events", backend=name)
        for name in ("numba", "reference")
    )
    assert mine.reach[0, 0] == leaves
    assert mine.equals(other)


@pytest.mark.slow
def test_all_layers_of_a_long_list_are_read() -> None:
    """One more layer than compiled code takes at once, which is compiled anew: a tie in each."""
    number = batch.LAYERS_AT_ONCE + 1
    ties = [Graph.from_edges([0], [node + 1], num_nodes=number + 1) for node in range(number)]
    levels = np.repeat(np.arange(1, number + 1)[:, np.newaxis], number + 1, axis=1)
    result = propagate(
        ties, CascadeRule(view=np.ones((number, 1)), paths=levels), [0], backend="numba"
    )
    assert result.reach.tolist() == [[1] * number]


@pytest.mark.parametrize("max_hops", [10**30, None])
def test_a_level_has_a_column_however_many_hops_there_may_be(max_hops: int | None) -> None:
    chain = Graph.from_edges(np.arange(299), np.arange(1, 300))
    asked = CascadeRule(view=[[1.0]], share=np.ones((1, 3, 1)), paths=[[1, 2, 2]])
    result = propagate([chain], asked, [0], max_hops=max_hops, backend="numba", record="events")
    assert result.reach.tolist() == [[1, 298]]
    assert result.events is not None
    assert result.events.hop.tolist() == list(range(1, 300))


def test_without_paths_levels_are_as_many_as_there_are_hops() -> None:
    """A chain beside a channel that reaches nobody: three hundred levels, found one by one."""
    chain = Graph.from_edges(np.arange(299), np.arange(1, 300))
    result = propagate(
        [chain, Strangers(300, 0)],
        CascadeRule(view=np.ones((2, 1)), share=np.ones((1, 3, 1))),
        [0],
        backend="numba",
    )
    assert result.reach.tolist() == [[1] * 299]


def test_no_cascades_and_no_people() -> None:
    nobody = propagate([Strangers(0, 0)], CascadeRule(view=[[1.0]]), [], range(2), backend="numba")
    assert nobody.reach.shape == (2, 0)
    none = propagate(layers(), rule(), [], [], backend="numba", record="events")
    assert none.reach.shape == (0, 4)
    assert none.events is not None
    assert len(none.events) == 0


def task(doses: int) -> Task:
    share = np.ones((1, 3, 1, doses))
    asked = CascadeRule(view=[[1.0]], share=share, doses=doses)
    return check([Strangers(9, 2)], asked, [0], [0], 0, None, None, "counts")


def test_more_doses_than_a_word_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_DOSES", 5)
    assert batch.LayeredBatch.of(task(5)).doses == 5
    with pytest.raises(ValueError, match="doses is 6; the backend 'numba' tells at most 5 apart"):
        batch.LayeredBatch.of(task(6))


def test_people_grow_past_their_first_room() -> None:
    """More people than room is made for at first, in one hop and then in a second cascade."""
    size = 5 * cpu_layers.FIRST_PEOPLE
    crowd = [Groups(size, np.array([0, size]), np.arange(size, dtype=np.int32))]
    result = propagate(crowd, CascadeRule(view=[[1.0]]), [0], [1, 2], backend="numba")
    assert result.reach.tolist() == [[size - 1], [size - 1]]
