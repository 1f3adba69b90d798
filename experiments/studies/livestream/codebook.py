"""What every column means in the results of livestream, with its unit."""

from weishang.experiments.simulate.codebook import CAMPAIGNS, PLACE_AND_TIME
from weishang.experiments.storage.codebook import Entry
from weishang.experiments.studies.livestream.verdict_rules import BY_SHOWN, BY_VIEWERS

_OF_ROOMS: dict[str, Entry] = {
    "how": ("name", "whether viewers heard of the room at first hand, or were told by others"),
    "minute": ("minutes", "since the livestream began"),
    "rooms": ("rooms", "livestreams of that replicate and day"),
}
_PLACED: dict[str, Entry] = {name: PLACE_AND_TIME[name] for name in ("replicate", "day")}


def _counts(who: str) -> dict[str, Entry]:
    return {
        "shown": ("people", f"{who}, each once a campaign"),
        "visitors": ("people", "of these, who opened the link or entered the room"),
        "buyers": ("people", "of these, who ordered"),
    }


TABLES: dict[str, dict[str, Entry]] = {
    "audiences": {
        **_PLACED,
        "campaign": CAMPAIGNS["campaign"],
        "who": ("name", "the level: how the campaign came to these people"),
        **_counts("who were shown the campaign"),
        **{
            f"{name}_match": ("people", f"of the {name}, whose interest the goods serve")
            for name in _counts("")
        },
        "kind": ("name", "of campaign"),
    },
    "room_minutes": {
        **_PLACED,
        **_OF_ROOMS,
        "viewers": ("people", "present in all rooms together"),
        "arrivals": ("people", "who came in that minute, all rooms together"),
        "orders": ("orders", "placed in that minute, all rooms together"),
    },
    "minutes": {
        "how": _OF_ROOMS["how"],
        "minute": _OF_ROOMS["minute"],
        "viewers": ("people a room", "present"),
        "arrivals": ("people a room", "who came in that minute"),
        "orders": ("orders a room", "placed in that minute"),
    },
    "prior": dict.fromkeys(
        (BY_VIEWERS, BY_SHOWN),
        ("fraction", "conversion of livestreams; a row a draw from the prior ranges"),
    ),
    "conversions": {
        "kind": ("name", "of campaign"),
        "reading": ("text", "what is counted, over whom"),
        "value": ("fraction", "simulated"),
        "ci_low": ("fraction", "lower end of the 95% interval, bootstrap over campaigns"),
        "ci_high": ("fraction", "upper end of it"),
        "prior_low": ("fraction", "5% of the prior predictive"),
        "prior_high": ("fraction", "95% of the prior predictive"),
        "mechanism_off": ("fraction", "where watching costs nothing, so that nobody chooses"),
        "by_arithmetic": (
            "fraction",
            "reported conversions of friends and others, by who came",
        ),
        "figure": ("id", "of the reported figure; empty where there is none"),
        "reported_low": ("fraction", "lower end of the reported band"),
        "reported_high": ("fraction", "upper end of it"),
    },
    "selection": {
        "kind": ("name", "of campaign"),
        "who": ("name", "the level: how the campaign came to these people"),
        **_counts("who were shown the campaign"),
        **{
            f"interested_{name}": ("fraction", f"of the {name}, whose interest the goods serve")
            for name in _counts("")
        },
        "conversion": ("fraction", "buyers over visitors"),
    },
}
"""Columns by file."""
