"""Markets run over replicates and days, kept as rows a day, a campaign and a day's searches.

Only sums are kept: events and orders of a day are counted and let go before the next.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weishang.experiments.simulate.campaign_rows import LEVELS, MEASURES
from weishang.experiments.storage.columns import Columns
from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.orders import OrderChannel, Orders
from weishang.model.core.social_distance import REPORTED_TIER, SocialDistance
from weishang.model.market.market import Market
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import NamedSeller
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.society import Society

OFFERED = ("external", "induced", "rich", "price", "shareability")
CHANNEL_NAMES = np.array([channel.name.lower() for channel in Channel])
TOOL_NAMES = np.array([tool.name.lower() for tool in Tool])

Table: TypeAlias = pd.DataFrame | Columns


class Run:
    """What markets did; `replicate` is the seed of the replicate and `day` counts from 1.

    Attributes:
        day_columns: a row a replicate and day: replicate, and every indicator of the market.
        campaign_columns: a row a campaign: replicate, day, campaign, seller, channel, tool,
        external,
            induced, rich, price, shareability; reach_1 .. sharers_3, by reported level, of the
            cascade (before tools settle); stranger_reach, stranger_visitors, stranger_buyers, drawn
            by a channel to strangers; live_viewers, live_buyers, 0 where there is no room; orders_1
            .. orders_3, orders and items, that were not refunded; sales of these, in reference
            prices; refunded, orders called off.
        search_columns: a row a replicate and day: replicate, day, visits, orders, sales in
            reference
            prices.
    """

    def __init__(self, days: Table, campaigns: Table, searches: Table) -> None:
        """Of frames, or of columns: most runs of a sweep are never asked for frames."""
        self.day_columns = _columns(days)
        self.campaign_columns = _columns(campaigns)
        self.search_columns = _columns(searches)

    @property
    def days(self) -> pd.DataFrame:
        """`day_columns` as a frame."""
        return self.day_columns.frame

    @property
    def campaigns(self) -> pd.DataFrame:
        """`campaign_columns` as a frame."""
        return self.campaign_columns.frame

    @property
    def searches(self) -> pd.DataFrame:
        """`search_columns` as a frame."""
        return self.search_columns.frame

    @classmethod
    def joined(cls, parts: Sequence["Run"]) -> "Run":
        """At least one run after the other."""
        return cls(
            pd.concat([part.days for part in parts], ignore_index=True),
            pd.concat([part.campaigns for part in parts], ignore_index=True),
            pd.concat([part.searches for part in parts], ignore_index=True),
        )


def _columns(table: Table) -> Columns:
    return table if isinstance(table, Columns) else Columns(table)


def run_markets(
    society: Society,
    chats: GroupChats | None,
    scenario: Scenario,
    replicates: Sequence[int],
    days: int,
    sellers: int,
    advance: Callable[[], object] = lambda: None,
    named: Sequence[NamedSeller] = (),
) -> Run:
    """Run a market of each replicate for some days.

    Args:
        society: the people, the same in all replicates.
        chats: their groups; None where groups are off.
        scenario: the parameters.
        replicates: seeds, at least one.
        days: at least 1.
        sellers: of each market.
        advance: called after each day.
        named: sellers that come first.

    Raises:
        ValueError: there are no replicates or no days.
    """
    if not replicates or days < 1:
        raise ValueError(
            f"replicates is {list(replicates)} and days {days}; give at least 1 of each"
        )
    return Run.joined(
        [
            run_one(society, chats, scenario, replicate, days, sellers, advance, named)
            for replicate in replicates
        ]
    )


def run_one(
    society: Society,
    chats: GroupChats | None,
    scenario: Scenario,
    replicate: int,
    days: int,
    sellers: int,
    advance: Callable[[], object] = lambda: None,
    named: Sequence[NamedSeller] = (),
) -> Run:
    """Run the market of one replicate; arguments and errors as of `run_markets`."""
    check(scenario, days)
    market = Market(society, scenario, replicate, sellers, chats=chats, named=named)
    rows = Rows()
    for _ in live(market, days, rows):
        advance()
    run = Run(day_columns(market), rows.campaigns(), rows.searches())
    market.close()
    return run


def check(scenario: Scenario, days: int) -> None:
    """Refuse what no rows can be kept of.

    Raises:
        ValueError: there are no days.
    """
    if days < 1:
        raise ValueError(f"days is {days}; give at least 1")


class Rows:
    """Rows of a market's days that follow each other.

    Attributes:
        campaigns_by_day: columns a day, see Run; those of earlier days may be elsewhere.
        search_rows: a row a day.
    """

    def __init__(self) -> None:
        """No day yet."""
        self.campaigns_by_day: list[dict[str, NDArray[Any]]] = []
        self.search_rows: list[dict[str, int | float]] = []

    def note(self, market: Market) -> None:
        """Add those of the day that has just passed."""
        self.campaigns_by_day.append(campaign_columns(market))
        self.search_rows.append(search_row(market))

    def campaigns(self) -> Columns:
        """A row a campaign of at least one day; see Run."""
        return Columns.joined(self.campaigns_by_day)

    def searches(self) -> Columns:
        """A row a day of at least one; see Run."""
        first, *_ = self.search_rows
        columns = {name: np.array([row[name] for row in self.search_rows]) for name in first}
        # Seeds below 2^63 alone would come as signed integers.
        columns["replicate"] = columns["replicate"].astype(np.uint64)
        return Columns(columns)


def live(market: Market, days: int, rows: Rows) -> Iterator[int]:
    """Let a market go on until so many days have passed in all, and note its rows.

    Yields:
        The number of each day, when it is over.
    """
    while market.day < days:
        market.step()
        rows.note(market)
        yield market.day


def day_columns(market: Market) -> Columns:
    """A row a day so far: replicate, and every indicator."""
    noted = market.datacollector.model_vars
    replicate = np.full(market.day, market.seed, dtype=np.uint64)
    return Columns({"replicate": replicate, **{name: np.array(noted[name]) for name in noted}})


def campaign_columns(market: Market) -> dict[str, NDArray[Any]]:
    """A row a campaign of the day that has just passed; see Run."""
    campaigns, spread = market.today.campaigns, market.today.cascades
    orders = market.today.orders
    size = len(campaigns)
    columns: dict[str, NDArray[Any]] = {
        "replicate": np.full(size, market.seed, dtype=np.uint64),
        "day": np.full(size, market.day, dtype=np.int32),
        "campaign": campaigns.campaign,
        "seller": campaigns.seller,
        "channel": CHANNEL_NAMES[campaigns.channel],
        "tool": TOOL_NAMES[campaigns.tool],
        **{name: getattr(campaigns, name) for name in OFFERED},
    }
    for measure in MEASURES:
        counts = getattr(spread, measure)
        for level in LEVELS:
            columns[f"{measure}_{level}"] = counts[:, level == REPORTED_TIER].sum(axis=1)
    for measure in MEASURES[:3]:
        columns[f"stranger_{measure}"] = getattr(spread, measure)[:, SocialDistance.STRANGER - 1]
    live = campaigns.tool == Tool.LIVESTREAM
    columns["live_viewers"] = np.where(live, spread.visitors.sum(axis=1), 0)
    columns["live_buyers"] = np.where(live, spread.buyers.sum(axis=1), 0)
    return {**columns, **_ordered(campaigns.campaign, orders)}


def search_row(market: Market) -> dict[str, int | float]:
    """Visits, orders and sales of the searches of the day that has just passed."""
    orders = market.today.orders
    found = orders.where(orders.channel == OrderChannel.SEARCH)
    return {
        "replicate": market.seed,
        "day": market.day,
        "visits": market.today.visits.get(OrderChannel.SEARCH, 0),
        "orders": len(found),
        "sales": float(found.value(1.0).sum()),
    }


def _ordered(campaign: NDArray[np.uint64], orders: Orders) -> dict[str, NDArray[Any]]:
    """Orders of each campaign, by its id."""
    some = orders.where(orders.channel != OrderChannel.SEARCH)
    order = np.argsort(campaign)
    row = order[np.searchsorted(campaign, some.campaign, sorter=order)]
    kept, size = ~some.refunded, campaign.size
    level = REPORTED_TIER[some.distance - 1]

    def count(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(row[chosen], minlength=size)

    return {
        **{f"orders_{one}": count(kept & (level == one)) for one in LEVELS},
        "orders": count(kept),
        "items": np.bincount(row[kept], some.items[kept], size).astype(np.int64),
        # Of no order at all NumPy makes integers.
        "sales": np.bincount(row[kept], some.value(1.0)[kept], size).astype(np.float64),
        "refunded": count(~kept),
    }
