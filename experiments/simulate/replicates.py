"""Societies and replicates that experiments share: built once per process, read or generated."""

from enum import IntEnum
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from weishang.experiments.console.progress import stage
from weishang.experiments.readers.people import read_nodes
from weishang.experiments.simulate.campaign_rows import campaign_rows
from weishang.kernels import Graph
from weishang.model.core.decision import LogisticRule
from weishang.model.mechanisms.feed.recommendation import recommend
from weishang.model.mechanisms.groups.formation import form_groups
from weishang.model.mechanisms.groups.parameters import GroupParameters
from weishang.model.scenario import Scenario
from weishang.model.society.attributes import NodeAttributes
from weishang.model.society.generate import generate
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.impute import from_graph
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society


class SeedStream(IntEnum):
    """Branches of an experiment's seed: each part meets a luck of its own.

    Numbers are beyond every purpose of the kernels and the model, so that no branch is one of
    theirs.
    """

    REPLICATE = 101
    PRIOR = 102
    BOOTSTRAP = 103
    DESCRIBE = 104
    NULLS = 105
    CHATS = 106
    DESIGN = 107


MAX_SEED = 1 << 64
MIN_USERS = 100
SELLERS_SHARE = 4
"""At most one in four of those with friends sells: a small file's graph gets fewer campaigns."""


def society(
    graph: Path | None,
    users: int,
    seed: int,
    parameters: SocietyParameters,
    nodes: Path | None = None,
) -> Society:
    """The people of an experiment: on a file's graph, or generated.

    The last one is kept, so that experiments run one after the other share it.

    Args:
        graph: an undirected edge list, or None.
        users: how many to generate; not used with a graph.
        seed: of the generator, in [0, 2^64).
        parameters: of the society.
        nodes: what is known of the graph's people, or None; see `nodes_file`.

    Raises:
        ValueError: a number is out of range, a file holds no graph or no attributes of its people,
            or there are attributes without a graph.
    """
    if not 0 <= seed < MAX_SEED:
        raise ValueError(f"seed is {seed}; give an integer in [0, 2^64)")
    if nodes is not None and graph is None:
        raise ValueError(f"nodes is {nodes} and graph None; give the graph of these people")
    return _society(graph, users, seed, parameters, nodes)


def chats(
    people: Society, parameters: GroupParameters, seed: int, nodes: Path | None = None
) -> GroupChats:
    """The group chats of a society: those of a file, or formed.

    The last ones are kept, as the society is.

    Args:
        people: from `society`.
        parameters: of the groups.
        seed: as the society's.
        nodes: as the society's.
    """
    if nodes is not None:
        known = _known(nodes, people.num_users, people.parameters).groups
        if known is not None:
            return known
    return _formed(people, parameters, seed)


@lru_cache(maxsize=1)
def _society(
    graph: Path | None,
    users: int,
    seed: int,
    parameters: SocietyParameters,
    nodes: Path | None,
) -> Society:
    rng = np.random.default_rng(seed)
    if graph is not None:
        with stage(f"read {graph.name}"):
            ties = Graph.from_edge_list(graph, directed=False)
            known = None if nodes is None else _known(nodes, ties.num_nodes, parameters)
            return from_graph(ties, parameters, rng, known)
    if users < MIN_USERS:
        raise ValueError(f"users is {users}; give at least {MIN_USERS}")
    with stage(f"generate {users:,} users", total=100) as advance:
        done = 0

        def tell(_: str, share: float) -> None:
            nonlocal done
            advance(round(100 * share) - done)
            done = round(100 * share)

        return generate(parameters, users, rng, tell)


@lru_cache(maxsize=1)
def _known(nodes: Path, num_users: int, parameters: SocietyParameters) -> NodeAttributes:
    return read_nodes(nodes, num_users, parameters)


@lru_cache(maxsize=1)
def _formed(people: Society, parameters: GroupParameters, seed: int) -> GroupChats:
    with stage("form group chats"):
        return form_groups(people, parameters, np.random.default_rng([seed, SeedStream.CHATS]))


def most_sellers(society: Society, wanted: int) -> int:
    """So many sellers, or as many as the society has room for; at least one."""
    able = int(np.count_nonzero(society.graph.degrees))
    return min(wanted, max(1, able // SELLERS_SHARE))


def run_replicate(
    society: Society, scenario: Scenario, replicate: int, campaigns: int
) -> pd.DataFrame:
    """One day of a replicate: a row a campaign, among friends and shown by the platform."""
    # A command that only plans its runs would wait for Mesa.
    from weishang.model.market.market import Market
    from weishang.model.market.spread import spread_among_friends

    market = Market(society, scenario.friends_only(), replicate, campaigns)
    offered = market.choose_campaigns()
    rule = LogisticRule(scenario.weights, scenario.budgets)
    hops = market.parameters.sellers.campaign_hops
    spread = spread_among_friends(society, offered, rule, replicate, max_hops=hops)
    shown = recommend(society, offered, rule, scenario.feed, replicate)
    market.close()
    return campaign_rows(replicate, society, offered, spread, shown)
