"""What every column of a market's rows means, with its unit."""

from weishang.experiments.simulate.campaign_rows import LEVELS
from weishang.experiments.storage.codebook import Entry
from weishang.model.market.indicators import DAILY

PLACE_AND_TIME: dict[str, Entry] = {
    "replicate": (
        "seed",
        "seed of the replicate's luck; the same number in all tables is the same replicate",
    ),
    "day": ("days", "number of the day, from 1"),
}
DAYS: dict[str, Entry] = {
    **PLACE_AND_TIME,
    **{item.name: (item.unit, item.meaning) for item in DAILY},
    "date": ("date", "of the day, by the scenario's start"),
}
CAMPAIGNS: dict[str, Entry] = {
    **PLACE_AND_TIME,
    "campaign": ("id", "of the campaign, the same in a replicate whoever else sells"),
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
