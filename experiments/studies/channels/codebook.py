"""What every column means in the results of channels, with its unit."""

from weishang.experiments.analysis import codebook as shared
from weishang.experiments.analysis import prior
from weishang.experiments.simulate.codebook import CAMPAIGNS, DAYS, SEARCHES
from weishang.experiments.storage.codebook import Entry
from weishang.experiments.studies.channels.estimands import ESTIMANDS

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
TABLES: dict[str, dict[str, Entry]] = {
    "days": DAYS,
    "campaigns": CAMPAIGNS,
    "searches": SEARCHES,
    "prior": {prior.column(one.figure, one.reading): shared.DRAWN for one in ESTIMANDS},
    "channels": TABLE_1,
    "estimands": {
        **shared.ESTIMANDS,
        "first_replicate": ("of the figure", "simulated in the first replicate alone"),
        "off": (
            "of the figure",
            "the same replicate without the mechanism meant to cause the figure",
        ),
        "switched_off": ("text", "what was switched off"),
        "by_arithmetic": ("of the figure", "by arithmetic on fitted and set values"),
    },
    "money": MONEY,
    "volumes": VOLUMES,
    "levels": BY_LEVEL,
}
"""Columns by file."""
