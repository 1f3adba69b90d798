"""Followers of official accounts: who has an account, who follows it, and who begins to.

Nobody stops following: over the days that a run lasts few would, and no study that we know gives
a rate for shops on WeChat.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Graph
from weishang.kernels.graph.arrays import freeze, offsets, rows_by_class
from weishang.kernels.rng import UNIFORM_BITS, children, derive, derive_many, threshold
from weishang.model.core.campaigns import campaign_id
from weishang.model.core.orders import OrderChannel, Orders
from weishang.model.core.parameters import check_fields, parameter
from weishang.model.core.streams import MarketPurpose, fraction, standard_normal
from weishang.model.society.society import Society

NODE_BITS = 32
"""A pair of nodes is read as seller * 2^32 + follower."""

HAS_ACCOUNT, HOW_MANY, WHO = range(3)
"""Children of a seller's ACCOUNT word: what each decides."""


@dataclass(frozen=True)
class FollowerParameters:
    """Who has an official account, and who follows it.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    with_account: float = parameter(
        0.5,
        unit="fraction of sellers",
        source="assumption, varied",
        role="set",
        low=0.2,
        high=0.8,
    )
    median_followers: float = parameter(
        300.0,
        unit="followers",
        source="assumption, varied: a small shop's account has as many as its owner has friends, "
        "and some more",
        role="set",
        low=100.0,
        high=1000.0,
    )
    followers_log_sd: float = parameter(
        1.0,
        unit="log followers",
        source="assumption, varied: as unequal as numbers of friends",
        role="set",
        low=0.5,
        high=1.5,
    )
    interested: float = parameter(
        0.6,
        unit="fraction of first followers",
        source="assumption, varied: chosen for the category; the others are anyone",
        role="set",
        low=0.2,
        high=0.9,
    )
    follow: float = parameter(
        0.3,
        unit="probability that a buyer follows",
        source="assumption, varied",
        role="set",
        low=0.1,
        high=0.6,
    )

    def __post_init__(self) -> None:
        """Check each field."""
        check_fields(self, _RANGES)


_SHARE = (0.0, 1.0)
_RANGES: dict[str, tuple[float, float]] = {
    "with_account": _SHARE,
    "median_followers": (0.0, 1e8),
    "followers_log_sd": (0.0, 3.0),
    "interested": _SHARE,
    "follow": _SHARE,
}
"""What accounts can be opened with; the prior ranges lie inside."""


@dataclass(frozen=True, eq=False)
class Followers:
    """Who follows whom, F pairs, each once. The arrays are read-only.

    Attributes:
        accounts: int32 [A], nodes of the sellers that have an account, rising.
        seller, follower: int32 [F], nodes, sorted by seller and then by follower.
    """

    accounts: NDArray[np.int32]
    seller: NDArray[np.int32]
    follower: NDArray[np.int32]

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        freeze(self, **vars(self))

    def __len__(self) -> int:
        """F."""
        return self.seller.size

    def layer(self, num_nodes: int) -> Graph:
        """A graph of N nodes with an edge from each seller to each of their followers."""
        counts = np.bincount(self.seller, minlength=num_nodes)
        return Graph.from_csr(offsets(counts), self.follower)

    def with_buyers(
        self, orders: Orders, parameters: FollowerParameters, world: int
    ) -> "Followers":
        """Let those who bought follow the seller's account, each with probability `follow`.

        Whoever got the money back does not; nor can one follow a seller without an account. A
        person's luck with a seller is one a day, however often they bought.

        Args:
            orders: of a day, in any order.
            parameters: see FollowerParameters.
            world: seed of the world's luck.
        """
        luck = derive_many(world, MarketPurpose.FOLLOW, _campaigns(orders), orders.buyer)
        follows = luck >> np.uint64(UNIFORM_BITS) < threshold(parameters.follow, "follow")
        follows &= ~orders.refunded & np.isin(orders.seller, self.accounts)
        pairs = _pairs(self.seller, self.follower)
        coming = _distinct(_pairs(orders.seller[follows], orders.buyer[follows]))
        at = np.searchsorted(pairs, coming)
        known = np.append(pairs, -1)[at] == coming
        pairs = np.insert(pairs, at[~known], coming[~known])
        return _from_pairs(self.accounts, pairs)


def open_accounts(
    society: Society,
    sellers: NDArray[np.integer[Any]] | list[int],
    parameters: FollowerParameters,
    world: int,
) -> Followers:
    """Give some sellers an official account and, in a lognormal number, first followers.

    A fraction `interested` of an account's followers is drawn among people of the seller's own
    interest, which is the category sold, and the others among all, with replacement. Who is drawn
    twice follows once, and sellers do not follow themselves: so accounts that are large against
    the society fall short. Further sellers leave the followers of the others as they are.

    Args:
        society: N people.
        sellers: their nodes, in any order.
        parameters: see FollowerParameters.
        world: seed of the world's luck.
    """
    accounts = [int(node) for node in sellers if _has_account(int(node), parameters, world)]
    owner = np.sort(np.array(accounts, dtype=np.int32))
    wanted = [_first_followers(node, parameters, society.num_users, world) for node in owner]
    count = np.array(wanted, dtype=np.int64)
    whose = np.repeat(np.arange(owner.size), count)
    slot = np.arange(whose.size) - offsets(count)[whose]
    states = derive_many(world, MarketPurpose.ACCOUNT, owner, WHO)
    luck = children(states[whose], slot.astype(np.uint64))
    uniform = (luck >> np.uint64(UNIFORM_BITS)).astype(np.int64)
    first, by_interest = rows_by_class(society.interest)
    category = society.interest[owner][whose]
    alike = np.diff(first)[category]
    near = by_interest[first[category] + ((uniform * alike) >> UNIFORM_BITS)]
    anyone = (uniform * society.num_users) >> UNIFORM_BITS
    drawn = np.where(slot < _interested(count, parameters)[whose], near, anyone)
    kept = drawn != owner[whose]
    return _from_pairs(owner, _distinct(_pairs(owner[whose][kept], drawn[kept])))


def open_accounts_by_agents(
    society: Society,
    sellers: NDArray[np.integer[Any]] | list[int],
    parameters: FollowerParameters,
    world: int,
) -> Followers:
    """Open accounts follower by follower; arguments and result as of `open_accounts`."""
    accounts = sorted(int(node) for node in sellers if _has_account(int(node), parameters, world))
    pairs = set()
    for node in accounts:
        category = society.interest[node]
        alike = [one for one in range(society.num_users) if society.interest[one] == category]
        everyone = list(range(society.num_users))
        count = _first_followers(node, parameters, society.num_users, world)
        for slot in range(count):
            uniform = derive(world, MarketPurpose.ACCOUNT, node, WHO, slot) >> UNIFORM_BITS
            pool = alike if slot < round(parameters.interested * count) else everyone
            drawn = pool[(uniform * len(pool)) >> UNIFORM_BITS]
            if drawn != node:
                pairs.add((node, drawn))
    return _from_set(np.array(accounts, dtype=np.int32), pairs)


def with_buyers_by_agents(
    followers: Followers, orders: Orders, parameters: FollowerParameters, world: int
) -> Followers:
    """Let buyers follow one by one; arguments and result as of `Followers.with_buyers`."""
    pairs = set(zip(followers.seller.tolist(), followers.follower.tolist(), strict=True))
    accounts = set(followers.accounts.tolist())
    limit = int(threshold(parameters.follow, "follow"))
    for at in range(len(orders)):
        seller, buyer = int(orders.seller[at]), int(orders.buyer[at])
        campaign = int(orders.campaign[at])
        if orders.channel[at] == OrderChannel.SEARCH:
            campaign = campaign_id(int(orders.day[at]), seller)
        word = derive(world, MarketPurpose.FOLLOW, campaign, buyer)
        if seller in accounts and not orders.refunded[at] and word >> UNIFORM_BITS < limit:
            pairs.add((seller, buyer))
    return _from_set(followers.accounts, pairs)


def _campaigns(orders: Orders) -> NDArray[np.uint64]:
    """Whose luck decides: the campaign's; from search, that of the seller's campaign of the day."""
    of_the_day = campaign_id(orders.day.astype(np.uint64), orders.seller.astype(np.uint64))
    return np.where(orders.channel == OrderChannel.SEARCH, of_the_day, orders.campaign)


def _has_account(node: int, parameters: FollowerParameters, world: int) -> bool:
    word = derive(world, MarketPurpose.ACCOUNT, node, HAS_ACCOUNT)
    return fraction(word) < parameters.with_account


def _first_followers(node: int, parameters: FollowerParameters, num_users: int, world: int) -> int:
    """How many are drawn, at most everyone but the seller."""
    normal = standard_normal(derive(world, MarketPurpose.ACCOUNT, int(node), HOW_MANY))
    wanted = parameters.median_followers * float(np.exp(parameters.followers_log_sd * normal))
    return round(min(wanted, num_users - 1))


def _interested(count: NDArray[np.int64], parameters: FollowerParameters) -> NDArray[np.int64]:
    """How many of each account's followers are drawn by interest; halves go to the even number."""
    return np.rint(parameters.interested * count).astype(np.int64)


def _pairs(first: NDArray[np.integer[Any]], second: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Two numbers as one that sorts by the first and then by the second."""
    return first.astype(np.int64) << NODE_BITS | second.astype(np.int64)


def _distinct(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs once each, sorted; NumPy's `unique` hashes them, which is slower here."""
    pairs = np.sort(pairs)
    return pairs[np.diff(pairs, prepend=-1) > 0]


def _from_pairs(accounts: NDArray[np.int32], pairs: NDArray[np.int64]) -> Followers:
    followers = pairs & ((1 << NODE_BITS) - 1)
    return Followers(accounts, (pairs >> NODE_BITS).astype(np.int32), followers.astype(np.int32))


def _from_set(accounts: NDArray[np.int32], pairs: set[tuple[int, int]]) -> Followers:
    columns = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2).T
    return Followers(accounts, columns[0].copy(), columns[1].copy())
