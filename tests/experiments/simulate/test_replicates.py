"""Societies and replicates that experiments share: kept, checked, and reproducible."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from weishang.experiments.simulate import replicates
from weishang.experiments.simulate.replicates import most_sellers, run_replicate, society
from weishang.kernels import Graph
from weishang.kernels.rng import derive
from weishang.model.core.decision import LogisticRule
from weishang.model.market.market import Market
from weishang.model.market.spread import spread_among_friends
from weishang.model.mechanisms.feed.recommendation import recommend
from weishang.model.scenario import Scenario
from weishang.model.society.impute import from_graph
from weishang.model.society.parameters import SocietyParameters

SCENARIO = Scenario(society=SocietyParameters(mean_friends=15.0))
RARE = 1e-6
"""False-alarm rate of a statistical test."""


@pytest.fixture(scope="module")
def people():
    return society(None, 3000, 5, SCENARIO.society)


@pytest.fixture
def ring(tmp_path):
    """A file with a ring of 30 people."""
    path = tmp_path / "ring.txt"
    path.write_text("".join(f"{node} {(node + 1) % 30}\n" for node in range(30)))
    return path


def test_a_society_is_generated_once_and_kept(people):
    assert people.num_users == 3000
    assert society(None, 3000, 5, SCENARIO.society) is people


def test_the_seed_decides_the_society():
    one, other = (society(None, 200, seed, SCENARIO.society).fingerprint() for seed in (1, 2))
    assert one != other
    assert society(None, 200, 1, SCENARIO.society).fingerprint() == one


def test_a_files_graph_is_read_as_friendships(ring):
    people = society(ring, 9, 1, SCENARIO.society)
    assert people.num_users == 30
    assert people.graph.degrees.tolist() == [2] * 30


@pytest.mark.parametrize("seed", [-1, 1 << 64])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match=f"seed is {seed}; "):
        society(None, 200, seed, SCENARIO.society)


def test_too_few_users_are_refused():
    with pytest.raises(ValueError, match="users is 99; give at least 100"):
        society(None, 99, 1, SCENARIO.society)
    assert society(None, replicates.MIN_USERS, 1, SCENARIO.society).num_users == 100


def test_a_bad_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "letters.txt"
    path.write_text("0 1\n1 x\n")
    with pytest.raises(ValueError, match=r"letters\.txt, line 2: 'x'"):
        society(path, 9, 1, SCENARIO.society)


def test_a_replicate_has_a_row_a_campaign_and_repeats(people):
    rows = run_replicate(people, SCENARIO, 8, 40)
    assert len(rows) == 40
    assert set(rows["replicate"]) == {8}
    pd.testing.assert_frame_equal(run_replicate(people, SCENARIO, 8, 40), rows)
    other = run_replicate(people, SCENARIO, 9, 40)
    assert not np.array_equal(rows["reach_1"], other["reach_1"])


def test_a_replicates_rows_are_its_markets_and_its_platforms(people):
    rows = run_replicate(people, SCENARIO, 8, 40)
    market = Market(people, SCENARIO.friends_only(), 8, 40)
    offered = market.choose_campaigns()
    rule = LogisticRule(SCENARIO.weights, SCENARIO.budgets)
    hops = SCENARIO.sellers.campaign_hops
    spread = spread_among_friends(people, offered, rule, 8, max_hops=hops)
    shown = recommend(people, offered, rule, SCENARIO.feed, 8)
    levels = [rows[f"reach_{level}"].tolist() for level in (1, 2, 3)]
    assert levels == spread.reach.T.tolist()
    assert rows["buyers_1"].tolist() == spread.buyers[:, 0].tolist()
    assert rows["system_buyers"].tolist() == shown.buyers[:, 0].tolist()
    assert rows["friends"].tolist() == people.graph.degrees[rows["seller"]].tolist()


def test_campaigns_of_one_replicate_are_no_more_alike_than_those_of_two(people):
    """What the intervals rest on: analysis of variance by ranks over 8 replicates, at 1e-6 each."""
    parts = [run_replicate(people, SCENARIO, derive(3, number), 100) for number in range(8)]
    for column in ("reach_1", "buyers_1", "system_visitors", "reach_2"):
        assert stats.kruskal(*(part[column] for part in parts)).pvalue > RARE


@pytest.mark.parametrize(("wanted", "given"), [(3, 3), (7, 7), (8, 7), (2000, 7)])
def test_at_most_one_in_four_sells(ring, wanted, given):
    people = society(ring, 9, 1, SCENARIO.society)
    assert most_sellers(people, wanted) == given


def test_people_without_friends_do_not_count_as_sellers():
    pair = Graph.from_edges([0], [1], num_nodes=900, directed=False)
    people = from_graph(pair, SocietyParameters(), np.random.default_rng(1))
    assert most_sellers(people, 50) == 1


def test_group_chats_are_formed_once_and_kept(people):
    groups = replicates.chats(people, SCENARIO.groups, 5)
    assert groups.num_people == 3000
    assert groups.num_groups > 0
    assert replicates.chats(people, SCENARIO.groups, 5) is groups
    other = replicates.chats(people, SCENARIO.groups, 6)
    assert other.fingerprint() != groups.fingerprint()
    assert replicates.chats(people, SCENARIO.groups, 5).fingerprint() == groups.fingerprint()


@pytest.fixture
def known(tmp_path):
    """What is known of the ring's people: interests in turn, and groups of three or none."""
    path = tmp_path / "nodes.csv"
    rows = (f"{node},{node % 4},{'' if node > 26 else node // 3}\n" for node in range(30))
    path.write_text("node,interest,groups\n" + "".join(rows))
    return path


def test_what_is_known_of_people_is_taken_from_the_file(ring, known):
    people = society(ring, 9, 1, SCENARIO.society, known)
    assert people.interest.tolist() == [node % 4 for node in range(30)]
    assert society(ring, 9, 1, SCENARIO.society, known) is people
    groups = replicates.chats(people, SCENARIO.groups, 1, known)
    assert groups.sizes.tolist() == [3] * 9
    assert groups.members.max() == 26


def test_a_file_without_groups_leaves_them_to_be_formed(ring, known):
    known.write_text("node,interest\n3,1\n")
    people = society(ring, 9, 2, SCENARIO.society, known)
    assert people.interest[3] == 1
    formed = replicates.chats(people, SCENARIO.groups, 2, known)
    assert formed.fingerprint() == replicates.chats(people, SCENARIO.groups, 2).fingerprint()


def test_people_of_no_graph_are_refused(known):
    with pytest.raises(ValueError, match=r"nodes is .*nodes\.csv and graph None; give the graph"):
        society(None, 200, 1, SCENARIO.society, known)
