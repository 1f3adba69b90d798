"""Whom campaigns were shown to, who came and who bought, by level and interest; and rooms' minutes.

Only sums are kept: events of a day are counted and let go before the next.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weishang.experiments.simulate.setting import Setting
from weishang.kernels import Cascades
from weishang.model.core.social_distance import SocialDistance
from weishang.model.market.market import Market
from weishang.model.mechanisms.feed.recommendation import recommend
from weishang.model.mechanisms.livestream.viewing import Viewing, by_minute
from weishang.model.scenario import Scenario

WHO = {
    SocialDistance.FRIEND: "friends",
    SocialDistance.FRIENDS_FRIEND: "friends' friends",
    SocialDistance.FURTHER: "further",
    SocialDistance.STRANGER: "strangers",
    SocialDistance.AFTER_STRANGER: "strangers' friends",
    SocialDistance.FOLLOWER: "followers",
    SocialDistance.GROUP_MEMBER: "group members",
}
FIRST_HAND, TOLD = "at first hand", "told by others"
"""How a viewer heard of the room: from the host or the platform, or from who passed it on."""
RECOMMENDED = "recommended to"
"""People whom the platform shows the same offer, in no cascade."""


@dataclass(frozen=True)
class Audiences:
    """What markets did.

    Attributes:
        rows: one row per campaign and level: replicate, day, campaign, who; shown, visitors,
            buyers;
            and of each those whose interest the goods serve: shown_match, visitors_match,
            buyers_match. One further row per campaign is of those whom the platform recommends it
            to, with 0 for what is not known of them.
        minutes: one row per replicate, day, way of hearing of the room and minute: replicate, day,
            how,
            minute, rooms; viewers present, arrivals and orders in all rooms together.
    """

    rows: pd.DataFrame
    minutes: pd.DataFrame


def audiences(
    setting: Setting, scenario: Scenario, advance: Callable[[], object] = lambda: None
) -> Audiences:
    """Run the markets of all replicates, and count who came to their campaigns."""
    rows, minutes = [], []
    for replicate in setting.replicates:
        market = Market(setting.people, scenario, replicate, setting.sellers, chats=setting.chats)
        for _ in range(setting.days):
            market.step()
            rows += [_by_level(market), _recommended(market)]
            minutes.append(_minutes(market))
            advance()
        # Mesa 3.3 keeps each model that it made agents for: what it holds is let go.
        market.close()
    return Audiences(*(pd.concat(parts, ignore_index=True) for parts in (rows, minutes)))


def _by_level(market: Market) -> pd.DataFrame:
    """One row per campaign of today and level."""
    events, campaigns = market.today.events, market.today.campaigns
    cell = events.row * len(SocialDistance) + events.level - 1
    size = len(campaigns) * len(SocialDistance)
    match = market.society.interest[events.node] == campaigns.category[events.row]
    everyone = np.ones(len(events), dtype=np.bool_)
    chosen = {"shown": everyone, "visitors": events.visited, "buyers": events.bought}
    counts: dict[str, NDArray[np.int64]] = {}
    for name, some in chosen.items():
        counts[name] = np.bincount(cell[some], minlength=size)
        counts[f"{name}_match"] = np.bincount(cell[some & match], minlength=size)
    who = np.tile(np.array([WHO[level] for level in SocialDistance]), len(campaigns))
    return _rows(market, np.repeat(campaigns.campaign, len(SocialDistance)), who, counts)


def _recommended(market: Market) -> pd.DataFrame:
    """One row per campaign of today: the same offers shown by the platform."""
    campaigns, feed = market.today.campaigns, market.parameters.feed
    shown: Cascades = recommend(market.society, campaigns, market.world.rule, feed, market.seed)
    counts = {"shown": shown.reach, "visitors": shown.visitors, "buyers": shown.buyers}
    who = np.full(len(campaigns), RECOMMENDED)
    sums = {name: count.sum(axis=1) for name, count in counts.items()}
    unknown = {f"{name}_match": np.zeros(len(campaigns), dtype=np.int64) for name in counts}
    return _rows(market, campaigns.campaign, who, {**sums, **unknown})


def _rows(
    market: Market,
    campaign: NDArray[np.uint64],
    who: NDArray[np.str_],
    counts: dict[str, NDArray[np.int64]],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "replicate": np.full(campaign.size, market.seed, dtype=np.uint64),
            "day": np.full(campaign.size, market.day, dtype=np.int32),
            "campaign": campaign,
            "who": who,
            **counts,
        }
    )


def _minutes(market: Market) -> pd.DataFrame:
    """What is seen in all rooms of today, one row per minute; none where there is no room."""
    viewing = market.today.notes["livestream"]
    first = market.today.events.hop[viewing.event] == 1
    parts = []
    for how, chosen in ((FIRST_HAND, first), (TOLD, ~first)):
        arrays = {one.name: getattr(viewing, one.name) for one in fields(viewing)}
        some = {name: array[chosen] for name, array in arrays.items() if name != "rooms"}
        room = by_minute(Viewing(rooms=viewing.rooms, **some), market.parameters.livestream)
        length = room.viewers.shape[1] if room.rooms.size else 0
        part = {
            "replicate": np.full(length, market.seed, dtype=np.uint64),
            "day": np.full(length, market.day, dtype=np.int32),
            "how": np.full(length, how),
            "minute": np.arange(length),
            "rooms": np.full(length, room.rooms.size),
            "viewers": room.viewers.sum(axis=0)[:length],
            "arrivals": room.arrivals.sum(axis=0)[:length],
            "orders": room.orders.sum(axis=0)[:length],
        }
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)
