"""What every column of an output means, with its unit."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from weishang.experiments.analysis.estimands import LEVELS
from weishang.model.market.indicators import DAILY

if TYPE_CHECKING:
    from weishang.experiments.storage.report import Report

Entry = tuple[str, str]
"""Unit and meaning of a column."""

NAME = "codebook"

PLACE_AND_TIME: dict[str, Entry] = {
    "world": ("seed", "seed of the world's luck; the same number in all tables is the same world"),
    "day": ("days", "number of the day, from 1"),
}
DAYS: dict[str, Entry] = {
    **PLACE_AND_TIME,
    **{item.name: (item.unit, item.meaning) for item in DAILY},
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
    "price": ("reference price = 1", "of one item, before tools"),
    "shareability": ("standard deviations", "how much the offer is worth passing on"),
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
    "sales": ("reference price = 1", "value of these orders"),
    "sales_cny": ("CNY", "value of these orders"),
    "refunded": ("orders", "called off because too few bought together"),
}
SEARCHES: dict[str, Entry] = {
    **PLACE_AND_TIME,
    "visits": ("visits", "shops opened from search, one a search"),
    "orders": ("orders", "of these visits"),
    "sales": ("reference price = 1", "value of these orders"),
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
    "price": ("reference price = 1", "paid for one item"),
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
    "reference_price": ("CNY", "what a price of 1 is worth"),
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
PARAMETERS: dict[str, Entry] = {
    "name": ("name", "group and name of the parameter in a scenario"),
    "value": ("of the parameter", "as the run had it"),
    "unit": ("text", "of the value"),
    "source": ("text", "where the value comes from, or that it is assumed and why"),
    "role": ("name", "set, or fitted to a reported figure"),
    "low": ("of the parameter", "lower end of its prior range; None without one"),
    "high": ("of the parameter", "upper end of it"),
}
SUMMARY: dict[str, Entry] = {
    "indicator": ("name", "of a column of the days"),
    "value": ("of the indicator", "its sum over days, or its value on the last"),
    "unit": ("text", "of the indicator"),
    "over": ("text", "all days, or the last day"),
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
    "parameters": PARAMETERS,
    "summary": SUMMARY,
    NAME: CODEBOOK,
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
        ValueError: a table or a column of it is not described in `TABLES`.
    """
    columns = {name: list(frame.columns) for name, frame in tables.items()}
    known = {**TABLES, "prior": dict.fromkeys(columns.get("prior", ()), DRAWN)}
    return _described(columns, known)


def add_codebook(report: "Report", described: Mapping[str, Mapping[str, Entry]]) -> None:
    """Describe each column of the report's tables and data, in a table of its own.

    Args:
        report: with all that it is to hold but figures.
        described: columns by table, in the order that the codebook has; a table may have more
            columns here than in the report.

    Raises:
        ValueError: a table is not in the report, or a table or a column there not in `described`.
    """
    columns = report.columns()
    for name in described:
        if name not in columns:
            raise ValueError(f"nothing is saved as {name!r} in the report {report.name}")
    ordered = {name: columns[name] for name in (*described, *columns)}
    report.codebook(_described(ordered, described))


def _described(
    columns: Mapping[str, Sequence[str]], known: Mapping[str, Mapping[str, Entry]]
) -> pd.DataFrame:
    """The codebook of these columns by table, and of itself."""
    own = {NAME: list(CODEBOOK)}
    rows = _rows({**columns, **own}, {**known, NAME: CODEBOOK})
    return pd.DataFrame(rows, columns=list(CODEBOOK))


def _rows(
    columns: Mapping[str, Sequence[str]], known: Mapping[str, Mapping[str, Entry]]
) -> Iterator[tuple[str, str, str, str]]:
    for table, names in columns.items():
        entries = known.get(table, {})
        for column in names:
            if column not in entries:
                raise ValueError(f"{table} has column {column!r}; describe it in the codebook")
            yield (table, column, *entries[column])
