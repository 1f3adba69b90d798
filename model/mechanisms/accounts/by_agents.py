"""Official accounts follower by follower and order by order: the reference for `accounts`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels.rng import UNIFORM_BITS, derive, threshold
from weishang.model.core.campaigns import campaign_id
from weishang.model.core.orders import OrderChannel, Orders
from weishang.model.mechanisms.accounts.accounts import Accounts
from weishang.model.mechanisms.accounts.followers import (
    ACCOUNT,
    FOLLOW,
    WHO,
    Followers,
    first_followers,
    has_account,
)
from weishang.model.mechanisms.accounts.parameters import FollowerParameters
from weishang.model.mechanisms.mechanism import DayRecord, World
from weishang.model.society.society import Society


class AccountsByAgents(Accounts):
    """Official accounts, follower by follower."""

    def start(self, world: World) -> Followers:
        """First followers, one by one."""
        nodes = [seller.node for seller in world.sellers]
        return open_accounts_by_agents(world.society, nodes, self.own(world), world.seed)

    def end_day(self, world: World, state: Followers, record: DayRecord) -> Followers:
        """Buyers begin to follow, one by one."""
        return with_buyers_by_agents(state, record.orders, self.own(world), world.seed)


def open_accounts_by_agents(
    society: Society,
    sellers: NDArray[np.integer[Any]] | list[int],
    parameters: FollowerParameters,
    seed: int,
) -> Followers:
    """Open accounts follower by follower; arguments and result as of `open_accounts`."""
    accounts = sorted(int(node) for node in sellers if has_account(int(node), parameters, seed))
    pairs = set()
    for node in accounts:
        category = society.interest[node]
        alike = [one for one in range(society.num_users) if society.interest[one] == category]
        everyone = list(range(society.num_users))
        count = first_followers(node, parameters, society.num_users, seed)
        for slot in range(count):
            uniform = derive(seed, ACCOUNT, node, WHO, slot) >> UNIFORM_BITS
            pool = alike if slot < round(parameters.interested * count) else everyone
            drawn = pool[(uniform * len(pool)) >> UNIFORM_BITS]
            if drawn != node:
                pairs.add((node, drawn))
    return _from_set(np.array(accounts, dtype=np.int32), pairs)


def with_buyers_by_agents(
    followers: Followers, orders: Orders, parameters: FollowerParameters, seed: int
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
        word = derive(seed, FOLLOW, campaign, buyer)
        if seller in accounts and not orders.refunded[at] and word >> UNIFORM_BITS < limit:
            pairs.add((seller, buyer))
    return _from_set(followers.accounts, pairs)


def _from_set(accounts: NDArray[np.int32], pairs: set[tuple[int, int]]) -> Followers:
    columns = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2).T
    return Followers(accounts, columns[0].copy(), columns[1].copy())
