"""People on a given graph: what is known is kept, and the rest is imputed from it."""

from pathlib import Path

import numpy as np
import pytest

from weishang.kernels import Graph
from weishang.model.society.attributes import NodeAttributes
from weishang.model.society.describe import same_interest_share
from weishang.model.society.generate import generate
from weishang.model.society.impute import from_graph
from weishang.model.society.measures import count_within
from weishang.model.society.parameters import SocietyParameters

FACEBOOK = Path(__file__).parents[3].parent / "shared" / "graphs" / "facebook_combined.txt"


def test_people_on_a_graph_are_what_they_were_before_there_were_places(without_places):
    parameters = SocietyParameters(mean_friends=20.0)
    graph = generate(parameters, 600, np.random.default_rng(2)).graph
    society = from_graph(graph, SocietyParameters(), np.random.default_rng(3))
    frozen = "4f467868758f5ecfa95d34adfcaf33c7e4f896d609a5dcee0ab907ee931bbbba"
    assert without_places(society) == frozen


@pytest.mark.skipif(
    not FACEBOOK.exists(), reason="../shared/graphs/facebook_combined.txt is absent"
)
def test_people_on_a_files_graph():
    graph = Graph.from_edge_list(FACEBOOK, directed=False)
    society = from_graph(graph, SocietyParameters(), np.random.default_rng(1))
    mixing = same_interest_share(society)
    assert society.graph is graph
    assert mixing.homophily == pytest.approx(0.3, abs=0.01)
    assert mixing.by_chance == pytest.approx(1 / 8, abs=0.01)
    assert np.array_equal(society.wanted_friends, graph.degrees)
    assert np.ptp(np.bincount(society.budget_class, minlength=5)) <= 1
    assert np.ptp(np.bincount(society.place, minlength=16)) <= 1
    assert count_within(graph, society.place) > 0.4 * graph.num_edges
    again = from_graph(graph, SocietyParameters(), np.random.default_rng(1))
    assert society.fingerprint() == again.fingerprint()


@pytest.fixture(scope="module")
def known_graph():
    """A small society's graph, and its people."""
    parameters = SocietyParameters(mean_friends=20.0)
    society = generate(parameters, 1000, np.random.default_rng(2))
    return society, parameters


def test_what_is_known_of_all_is_kept(known_graph):
    society, parameters = known_graph
    known = NodeAttributes(1000, society.interest, society.budget_class, society.place)
    again = from_graph(society.graph, parameters, np.random.default_rng(9), known)
    for name in ("interest", "budget_class", "place"):
        assert np.array_equal(getattr(again, name), getattr(society, name))


@pytest.mark.parametrize("name", ["interest", "budget_class", "place"])
def test_one_known_column_leaves_the_others_to_be_imputed(known_graph, name):
    society, parameters = known_graph
    known = NodeAttributes(1000, **{name: getattr(society, name)})
    again = from_graph(society.graph, parameters, np.random.default_rng(9), known)
    for other in ("interest", "budget_class", "place"):
        same = np.array_equal(getattr(again, other), getattr(society, other))
        assert same == (other == name)
    assert np.array_equal(np.bincount(again.budget_class), [200] * 5)
    assert same_interest_share(again).homophily > 0.15


@pytest.mark.parametrize("name", ["interest", "budget_class", "place"])
def test_a_column_of_gaps_is_a_column_that_is_not_there(known_graph, name):
    society, parameters = known_graph
    gaps = NodeAttributes(1000, **{name: np.full_like(getattr(society, name), -1)})
    one = from_graph(society.graph, parameters, np.random.default_rng(9), gaps)
    other = from_graph(society.graph, parameters, np.random.default_rng(9))
    assert one.fingerprint() == other.fingerprint()


def test_gaps_are_filled_from_friends(known_graph):
    """Half are known. Interest and place follow friends, budgets the frequencies of the known."""
    society, parameters = known_graph
    rich = np.where(np.arange(1000) % 2, 4, -1).astype(np.int8)
    interest = np.where(np.arange(1000) % 2, society.interest, -1).astype(np.int8)
    place = np.where(np.arange(1000) % 2, society.place, -1).astype(np.int16)
    known = NodeAttributes(1000, interest, rich, place)
    filled = from_graph(society.graph, parameters, np.random.default_rng(9), known)
    assert (filled.budget_class == 4).all()
    assert np.array_equal(filled.interest[1::2], interest[1::2])
    assert np.array_equal(filled.place[1::2], place[1::2])
    assert same_interest_share(filled).homophily > 0.1
    shuffled = np.random.default_rng(1).permutation(filled.place)
    by_chance = count_within(society.graph, shuffled)
    assert count_within(society.graph, filled.place) > 1.1 * by_chance


def test_attributes_of_others_are_refused(known_graph):
    society, parameters = known_graph
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match=r"^attributes are of 3 people; give the graph's 1000"):
        from_graph(society.graph, parameters, rng, NodeAttributes(3))
    odd = NodeAttributes(1000, place=np.full(1000, 99, dtype=np.int16))
    with pytest.raises(ValueError, match=r"^place goes from 99 to 99; it lies in \[0, 16\)"):
        from_graph(society.graph, parameters, rng, odd)


def test_a_directed_graph_is_refused():
    arc = Graph.from_edges([0, 1, 1], [1, 0, 2])
    with pytest.raises(ValueError, match=r"^graph has edge 1 2, .*without its reverse"):
        from_graph(arc, SocietyParameters(), np.random.default_rng(1))
