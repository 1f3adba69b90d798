"""Official accounts in a market: broadcasts to followers, and buyers who begin to follow."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.model.core.campaigns import Channel
from weishang.model.core.choices import Options
from weishang.model.core.social_distance import LayerSpec, SocialDistance
from weishang.model.mechanisms.accounts.followers import (
    ACCOUNT,
    FOLLOW,
    Followers,
    open_accounts,
)
from weishang.model.mechanisms.accounts.parameters import FollowerParameters
from weishang.model.mechanisms.mechanism import (
    Day,
    DayRecord,
    Grant,
    Indicator,
    Kind,
    LayerView,
    Mechanism,
    World,
)

FOLLOWERS = LayerSpec(2, "followers", SocialDistance.FOLLOWER)


class Accounts(Mechanism):
    """Official accounts and their followers.

    Acts through a layer: a broadcast starts among followers, whose shares continue among friends
    and in groups. Its state is Followers: who follows whom today.
    """

    name = "accounts"
    about = "official accounts and their followers"
    group = "followers"
    parameters = FollowerParameters
    streams = (FOLLOW, ACCOUNT)
    own_layers = (FOLLOWERS,)
    reference = "weishang.model.mechanisms.accounts.by_agents:AccountsByAgents"

    def start(self, world: World) -> Followers:
        """Some sellers have an account, with first followers."""
        nodes = [seller.node for seller in world.sellers]
        return open_accounts(world.society, nodes, self.own(world), world.seed)

    def options(self, world: World, state: Followers) -> Sequence[Grant]:
        """Sellers with an account may broadcast."""
        nodes = np.array([seller.node for seller in world.sellers], dtype=np.int64)
        broadcast = Options(channels=(Channel.MOMENTS, Channel.OFFICIAL))
        return [Grant(broadcast, np.isin(nodes, state.accounts))]

    def trust(self, world: World) -> Mapping[SocialDistance, float]:
        """In an account that one follows."""
        return {SocialDistance.FOLLOWER: world.scenario.channels.follower_trust}

    def layers(self, world: World, state: Followers, day: Day) -> Mapping[LayerSpec, LayerView]:
        """A broadcast is shown to followers at the first hop."""
        view = np.zeros_like(day.visible)
        official = day.campaigns.channel == Channel.OFFICIAL
        view[official, 0] = world.scenario.channels.broadcast_view * day.visible[official, 0]
        return {FOLLOWERS: LayerView(state.layer(world.society.num_users), view)}

    def end_day(self, world: World, state: Followers, record: DayRecord) -> Followers:
        """Some buyers begin to follow."""
        return state.with_buyers(record.orders, self.own(world), world.seed)

    def indicators(self) -> Sequence[Indicator]:
        """How many follow."""
        return [
            Indicator(
                "followers",
                "pairs",
                "people who follow an official account, at the end of the day",
                _num_followers,
                adds_up=False,
            )
        ]

    def save(self, world: World, state: Followers) -> Mapping[str, NDArray[Any]]:
        """Sellers and their followers, int32 [F] each."""
        return {"seller": state.seller, "follower": state.follower}

    def kinds(self, world: World) -> Mapping[str, Kind]:
        """Two columns of nodes."""
        return dict.fromkeys(("seller", "follower"), (("int32",), (None,)))

    def restore(
        self, world: World, state: Followers, arrays: Mapping[str, NDArray[Any]]
    ) -> Followers:
        """Pairs rise by seller and then by follower, are people, and sellers have an account."""
        seller, follower = arrays["seller"], arrays["follower"]
        if seller.size != follower.size:
            raise ValueError(f"seller has {seller.size} entries and follower {follower.size}")
        people = ((follower >= 0) & (follower < world.society.num_users)).all()
        if not people or not np.isin(seller, state.accounts).all():
            raise ValueError("follower has somebody who follows no account of this market")
        pairs = seller.astype(np.int64) << 32 | follower.astype(np.int64)
        if (np.diff(pairs) <= 0).any():
            raise ValueError("follower is not in order, each pair once")
        return Followers(state.accounts, seller, follower)


def _num_followers(world: World, state: Followers, record: DayRecord) -> int:
    return len(state)
