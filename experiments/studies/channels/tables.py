"""Tables of the channels experiment: table 1 side by side, money, volumes a day, and levels."""

import numpy as np
import pandas as pd

from weishang.experiments.analysis import reported
from weishang.experiments.simulate.campaign_rows import LEVELS
from weishang.experiments.simulate.market_runs import Run
from weishang.experiments.studies.channels.estimands import ORDERS_BY_VISITS, SALES_BY_ORDERS
from weishang.model.scenario import Scenario

MILLION = 1_000_000
CHANNELS = {"moments": "moments", "oa": "official", "search": "search"}
"""Channels of table 1, as figures and as indicators name them."""
BESIDE = ("advert", "live")
"""What the market has and table 1 has no line for."""
UNITS = {"visits": "visits", "orders": "orders", "sales": "CNY"}


def table_1(market: Run, estimates: pd.DataFrame, users: int) -> pd.DataFrame:
    """Table 1, simulated beside reported; one row per channel.

    Args:
        market: in money.
        estimates: from `verdict_rules.estimates`.
        users: of the simulated society.
    """
    found = estimates.set_index(["figure", "reading"])
    per_million = MILLION / reported.figure("mau_2022q4").point()
    rows = []
    for figure, channel in CHANNELS.items():
        conversion = found.loc[(f"t1_{figure}_conv", ORDERS_BY_VISITS)]
        order_value = found.loc[(f"t1_{figure}_aov", SALES_BY_ORDERS)]
        rows.append(
            {
                "channel": channel,
                "visits": market.days[f"visits_{channel}"].mean() * MILLION / users,
                "reported_visits": reported.figure(f"t1_{figure}_visits").point() * per_million,
                "conversion": conversion["value"],
                "conversion_low": conversion["ci_low"],
                "conversion_high": conversion["ci_high"],
                "reported_conversion": reported.figure(f"t1_{figure}_conv").point(),
                "order_value": order_value["value"],
                "order_value_low": order_value["ci_low"],
                "order_value_high": order_value["ci_high"],
                "reported_order_value": reported.figure(f"t1_{figure}_aov").point(),
            }
        )
    return pd.DataFrame(rows)


def unit_of_money(scenario: Scenario, estimates: pd.DataFrame, fitted: bool) -> pd.DataFrame:
    """The reference price in CNY, the order value that it is fitted to, and what that came to."""
    name = "t1_moments_aov"
    found = estimates.set_index(["figure", "reading"]).loc[(name, SALES_BY_ORDERS), "value"]
    return pd.DataFrame(
        [
            {
                "parameter": "money.reference_price",
                "reference_price": scenario.money.reference_price,
                "fitted": fitted,
                "figure": name,
                "target": reported.figure(name).point(),
                "reached": found,
            }
        ]
    )


def volumes(market: Run, users: int) -> pd.DataFrame:
    """Visits, orders and sales a day: simulated, scaled up to the platform, and reported."""
    scale = reported.figure("mau_2022q4").point() / users
    told = {channel: _reported(figure) for figure, channel in CHANNELS.items()}
    a_day = {
        channel: {name: market.days[f"{name}_{channel}"].mean() for name in UNITS}
        for channel in (*CHANNELS.values(), *BESIDE)
    }
    together = "all three"
    for table in (told, a_day):
        table[together] = {
            name: sum(table[channel][name] for channel in CHANNELS.values()) for name in UNITS
        }
    rows = []
    for channel in (*CHANNELS.values(), together, *BESIDE):
        for name, unit in UNITS.items():
            simulated = a_day[channel][name]
            target = told.get(channel, {}).get(name, np.nan)
            rows.append(
                {
                    "channel": channel,
                    "quantity": name,
                    "unit": unit,
                    "a_day": simulated,
                    "scaled": simulated * scale,
                    "reported": target,
                    "ratio": simulated * scale / target,
                }
            )
    return pd.DataFrame(rows)


def _reported(figure: str) -> dict[str, float]:
    """Visits a day of a channel, and the orders and sales that table 1 implies."""
    visits, conversion, order_value = (
        reported.figure(f"t1_{figure}_{name}").point() for name in ("visits", "conv", "aov")
    )
    orders = visits * conversion
    return {"visits": visits, "orders": orders, "sales": orders * order_value}


def by_level(campaigns: pd.DataFrame) -> pd.DataFrame:
    """Reach, visits and orders by reported level, and of strangers drawn by channels."""
    counts = {
        str(level): [f"{name}_{level}" for name in ("reach", "visitors", "orders")]
        for level in LEVELS
    }
    counts["strangers"] = [f"stranger_{name}" for name in ("reach", "visitors", "buyers")]
    rows = []
    for level, (reach, visitors, orders) in counts.items():
        there = campaigns.loc[campaigns[reach] > 0, reach]
        reached, visits, bought = (
            float(campaigns[name].sum()) for name in (reach, visitors, orders)
        )
        rows.append(
            {
                "level": level,
                "campaigns_there": len(there) / len(campaigns) if len(campaigns) else np.nan,
                "reach": float(campaigns[reach].mean()),
                "reach_there": float(there.mean()),
                "median_there": float(there.median()),
                "visit_rate": visits / reached if reached else np.nan,
                "conversion": bought / reached if reached else np.nan,
                "conversion_of_visits": bought / visits if visits else np.nan,
            }
        )
    return pd.DataFrame(rows)
