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
from weishang.model.core.streams import Stream, fraction, standard_normal
from weishang.model.mechanisms.accounts.parameters import FollowerParameters
from weishang.model.society.society import Society

NODE_BITS = 32
"""A pair of nodes is read as seller * 2^32 + follower."""

FOLLOW = Stream(24, "who follows after an order")
ACCOUNT = Stream(25, "who has an account, and its first followers")
HAS_ACCOUNT, HOW_MANY, WHO = range(3)
"""Children of a seller's ACCOUNT word: what each decides."""


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

    def with_buyers(self, orders: Orders, parameters: FollowerParameters, seed: int) -> "Followers":
        """Let those who bought follow the seller's account, each with probability `follow`.

        Whoever got the money back does not; nor can one follow a seller without an account. A
        person's luck with a seller is one a day, however often they bought.

        Args:
            orders: of a day, in any order.
            parameters: see FollowerParameters.
            seed: of the replicate's random streams.
        """
        luck = derive_many(seed, FOLLOW, _campaigns(orders), orders.buyer)
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
    seed: int,
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
        seed: of the replicate's random streams.
    """
    accounts = [int(node) for node in sellers if has_account(int(node), parameters, seed)]
    owner = np.sort(np.array(accounts, dtype=np.int32))
    wanted = [first_followers(node, parameters, society.num_users, seed) for node in owner]
    count = np.array(wanted, dtype=np.int64)
    whose = np.repeat(np.arange(owner.size), count)
    slot = np.arange(whose.size) - offsets(count)[whose]
    states = derive_many(seed, ACCOUNT, owner, WHO)
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


def _campaigns(orders: Orders) -> NDArray[np.uint64]:
    """Whose luck decides: the campaign's; from search, that of the seller's campaign of the day."""
    of_the_day = campaign_id(orders.day.astype(np.uint64), orders.seller.astype(np.uint64))
    return np.where(orders.channel == OrderChannel.SEARCH, of_the_day, orders.campaign)


def has_account(node: int, parameters: FollowerParameters, seed: int) -> bool:
    """Whether a seller has an account."""
    word = derive(seed, ACCOUNT, node, HAS_ACCOUNT)
    return fraction(word) < parameters.with_account


def first_followers(node: int, parameters: FollowerParameters, num_users: int, seed: int) -> int:
    """How many are drawn, at most everyone but the seller."""
    normal = standard_normal(derive(seed, ACCOUNT, int(node), HOW_MANY))
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
