"""What every column of an output means, with its unit."""

from collections.abc import Iterator

import pandas as pd

from weishang.experiments.estimands import LEVELS
from weishang.model.indicators import EVERYWHERE

Entry = tuple[str, str]
"""Unit and meaning of a column."""

PLACE_AND_TIME: dict[str, Entry] = {
    "world": ("seed", "seed of the world's luck; the same number in all tables is the same world"),
    "day": ("days", "number of the day, from 1"),
}
DAYS: dict[str, Entry] = {
    **PLACE_AND_TIME,
    **{item.name: (item.unit, item.meaning) for item in EVERYWHERE},
    "date": ("date", "of the day, by the scenario's start"),
}
CAMPAIGNS: dict[str, Entry] = {
    **PLACE_AND_TIME,
    "campaign": ("id", "of the campaign, the same in a world whoever else sells"),
    "seller": ("id", "node of the seller in the network of friends"),
    "channel": ("name", "where the campaign starts: moments, official (account) or advert"),
    "tool": ("name", "what the offer adds: none, discount, team, bargain or livestream"),
    "external": ("yes or no", "the link leaves the platform"),
    "induced": ("yes or no", "passing on is rewarded"),
    "rich": ("yes or no", "pictures and text, not a plain advertising link"),
    "price": ("usual price = 1", "of one item, before tools"),
    "appeal": ("standard deviations", "how much the offer is worth passing on"),
    **{
        f"{measure}_{level}": ("people", f"{meaning} at reported level {level}")
        for measure, meaning in (
            ("reach", "reached"),
            ("visitors", "who opened the link"),
            ("buyers", "who ordered before bargains end and money is given back"),
            ("sharers", "who passed the offer on"),
        )
        for level in LEVELS
    },
    "stranger_reach": ("people", "reached by a channel to strangers"),
    "stranger_visitors": ("people", "of these, who opened the link"),
    "stranger_buyers": ("people", "of these, who ordered before bargains end"),
    "live_viewers": ("people", "who chose to watch, strangers or not; 0 without a livestream"),
    "live_buyers": ("people", "of these, who ordered"),
    **{
        f"orders_{level}": ("orders", f"not refunded, of people at reported level {level}")
        for level in LEVELS
    },
    "orders": ("orders", "not refunded, after bargains end"),
    "items": ("items", "in these orders"),
    "sales": ("usual price = 1", "value of these orders"),
    "sales_cny": ("CNY", "value of these orders"),
    "refunded": ("orders", "called off because too few bought together"),
}
SEARCHES: dict[str, Entry] = {
    **PLACE_AND_TIME,
    "visits": ("visits", "shops opened from search, one a search"),
    "orders": ("orders", "of these visits"),
    "sales": ("usual price = 1", "value of these orders"),
    "sales_cny": ("CNY", "value of these orders"),
}
ORDERS: dict[str, Entry] = {
    **PLACE_AND_TIME,
    "channel": ("number or name", "0 moments, 1 official, 2 advert, 3 search"),
    "tool": ("number or name", "0 none, 1 discount, 2 team, 3 bargain, 4 livestream"),
    "campaign": ("id", "of the campaign; 0 from search"),
    "seller": ("id", "node of the seller"),
    "buyer": ("id", "node of the buyer"),
    "level": (
        "number",
        "path to the buyer: 1 friend, 2 a friend's friend, 3 further, 4 stranger, 5 after a "
        "stranger, 6 follower, 7 member of the seller's group; 0 from search",
    ),
    "price": ("usual price = 1", "paid for one item"),
    "items": ("items", "in the order"),
    "refunded": ("yes or no", "called off because too few bought together"),
}
ESTIMANDS: dict[str, Entry] = {
    "figure": ("id", "of the reported figure"),
    "reading": ("text", "what is counted, over whom"),
    "value": ("of the figure", "simulated, all worlds and days together"),
    "ci_low": ("of the figure", "lower end of the 95% interval, bootstrap over campaigns or days"),
    "ci_high": ("of the figure", "upper end of it"),
    "prior_low": ("of the figure", "5% of the prior predictive"),
    "prior_high": ("of the figure", "95% of the prior predictive"),
    "first_world": ("of the figure", "simulated in the first world alone"),
    "off": ("of the figure", "the same world without the mechanism meant to cause the figure"),
    "switched_off": ("text", "what was switched off"),
    "by_arithmetic": ("of the figure", "by arithmetic on fitted and set values"),
    "reported_low": ("of the figure", "lower end of the reported band"),
    "reported_high": ("of the figure", "upper end of it; empty where open"),
}
TABLE_1: dict[str, Entry] = {
    "channel": ("name", "of table 1"),
    "visits": ("visits a day and million users", "simulated"),
    "reported_visits": ("visits a day and million users", "reported visits over active users"),
    "conversion": ("fraction", "orders over visits, simulated"),
    "conversion_low": ("fraction", "lower end of the 95% interval"),
    "conversion_high": ("fraction", "upper end of it"),
    "reported_conversion": ("fraction", "reported point"),
    "order_value": ("CNY", "mean value of an order, simulated"),
    "order_value_low": ("CNY", "lower end of the 95% interval"),
    "order_value_high": ("CNY", "upper end of it"),
    "reported_order_value": ("CNY", "reported point"),
}
MONEY: dict[str, Entry] = {
    "parameter": ("name", "of the scenario"),
    "usual_price": ("CNY", "what a price of 1 is worth"),
    "fitted": ("yes or no", "or else as the scenario has it"),
    "figure": ("id", "of the reported figure that it is fitted to"),
    "target": ("CNY", "reported"),
    "reached": ("CNY", "simulated"),
}
VOLUMES: dict[str, Entry] = {
    "channel": ("name", "of table 1; the three together; and what table 1 has no line for"),
    "quantity": ("name", "visits, orders or sales a day"),
    "unit": ("name", "of the quantity"),
    "a_day": ("of the quantity", "a day in the simulated society"),
    "scaled": ("of the quantity", "scaled up to the platform's active users"),
    "reported": ("of the quantity", "reported, or implied by table 1"),
    "ratio": ("fraction", "scaled over reported"),
}
BY_LEVEL: dict[str, Entry] = {
    "level": ("name", "reported level, or those whom channels drew among strangers"),
    "campaigns_there": ("fraction of campaigns", "that reach somebody there"),
    "reach": ("people a campaign", "mean over all campaigns"),
    "reach_there": ("people a campaign", "mean over those that get there"),
    "median_there": ("people a campaign", "median over those that get there"),
    "visit_rate": ("fraction", "visitors over reached"),
    "conversion": ("fraction", "orders over reached; of strangers, before bargains end"),
    "conversion_of_visits": ("fraction", "the same over visitors"),
}
CODEBOOK: dict[str, Entry] = {
    "table": ("name", "of the file"),
    "column": ("name", "in it"),
    "unit": ("text", "of its values"),
    "meaning": ("text", "what is counted, over whom"),
}
TABLES: dict[str, dict[str, Entry]] = {
    "days": DAYS,
    "campaigns": CAMPAIGNS,
    "searches": SEARCHES,
    "orders": ORDERS,
    "estimands": ESTIMANDS,
    "channels": TABLE_1,
    "money": MONEY,
    "volumes": VOLUMES,
    "levels": BY_LEVEL,
    "codebook": CODEBOOK,
}
DRAWN = ("of the figure", "the figure in this reading; a row a draw from the prior ranges")
"""Every column of a prior predictive, which names figure and reading."""


def codebook(**tables: pd.DataFrame) -> pd.DataFrame:
    """Describe the columns of tables, and of the codebook itself.

    Args:
        tables: frames by name; `prior` may hold any column.

    Returns:
        table, column, unit, meaning: a row a column, in the order given.

    Raises:
        ValueError: a table or a column of it is not described here.
    """
    rows = [row for name, frame in tables.items() for row in _described(name, list(frame.columns))]
    rows.extend(_described("codebook", list(CODEBOOK)))
    return pd.DataFrame(rows)


def _described(table: str, columns: list[str]) -> Iterator[dict[str, str]]:
    known = dict.fromkeys(columns, DRAWN) if table == "prior" else TABLES.get(table, {})
    for column in columns:
        if column not in known:
            raise ValueError(f"{table} has column {column!r}; describe it in codebook.TABLES")
        unit, meaning = known[column]
        yield {"table": table, "column": column, "unit": unit, "meaning": meaning}
