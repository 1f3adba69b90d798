"""What every column means in the results of policies, tools and livestream, with its unit."""

from typing import TYPE_CHECKING

from weishang.experiments.analysis.paired import Outcome, campaign_outcomes, market_outcomes
from weishang.experiments.simulate.codebook import CAMPAIGNS, DAYS, PLACE_AND_TIME
from weishang.experiments.storage import codebook
from weishang.experiments.storage.codebook import Entry
from weishang.experiments.studies.livestream.judgement import BY_SHOWN, BY_VIEWERS

if TYPE_CHECKING:
    from weishang.experiments.storage.report import Report

POLICY: dict[str, Entry] = {"policy": ("name", "of the scenario: one rule is changed")}
TOOL: dict[str, Entry] = {"tool": ("name", "that every offer has, against no tool")}
WITHOUT: dict[str, Entry] = {"without": ("name", "mechanism that is off")}
CONTENT: dict[str, Entry] = {"content": ("name", "that every offer has, or the difference of both")}
RUN: dict[str, Entry] = {"run": ("name", "which markets: the tool, content or mechanism off")}
OUTCOME: dict[str, Entry] = {"outcome": ("name", "of what markets or campaigns come to")}

_EFFECTS: dict[str, Entry] = {
    **OUTCOME,
    "usual": ("of the outcome", "mean over worlds, as compared with"),
    "other": ("of the outcome", "mean over the same worlds with the change"),
    "effect": ("of the outcome", "mean difference between pairs of worlds"),
    "low": ("of the outcome", "lower end of its 95% interval, Student's t over pairs"),
    "high": ("of the outcome", "upper end of it"),
    "change": ("fraction", "effect over the usual mean that `change_relative_to` names"),
    "change_low": ("fraction", "lower end of its 95% interval, that of a ratio of means"),
    "change_high": ("fraction", "upper end of it"),
    "independent_variance": (
        "of the outcome, squared",
        "of the difference between two worlds of different luck",
    ),
    "paired_variance": ("of the outcome, squared", "of the difference between two of one luck"),
    "saved": ("times", "the former variance over the latter"),
}
_OUTCOMES: dict[str, Entry] = {
    **OUTCOME,
    "unit": ("name", "of the outcome"),
    "meaning": ("text", "what is counted, over whom"),
    "change_relative_to": ("name", "outcome whose usual mean changes are told relative to"),
}
_INTERVAL: dict[str, Entry] = {
    "ci_low": ("fraction", "lower end of the 95% interval, bootstrap over campaigns"),
    "ci_high": ("fraction", "upper end of it"),
}
_READING: dict[str, Entry] = {"reading": ("text", "what is counted, over whom")}
_OF_ROOMS: dict[str, Entry] = {
    "how": ("name", "whether viewers heard of the room at first hand, or were told by others"),
    "minute": ("minutes", "since the livestream began"),
    "rooms": ("rooms", "livestreams of that world and day"),
}


def _of(outcomes: tuple[Outcome, ...]) -> dict[str, Entry]:
    return {one.name: (one.unit, one.meaning) for one in outcomes}


def _counts(who: str) -> dict[str, Entry]:
    return {
        "shown": ("people", f"{who}, each once a campaign"),
        "visitors": ("people", "of these, who opened the link or entered the room"),
        "buyers": ("people", "of these, who ordered"),
    }


_PLACED: dict[str, Entry] = {name: PLACE_AND_TIME[name] for name in ("world", "day")}
_A_MARKET = {"world": PLACE_AND_TIME["world"], **_of(market_outcomes(1.0))}
_A_CAMPAIGN = {"world": PLACE_AND_TIME["world"], **_of(campaign_outcomes(1.0))}

TABLES: dict[str, dict[str, dict[str, Entry]]] = {
    "policies": {
        "days": {**POLICY, **DAYS},
        "worlds": {**POLICY, **_A_MARKET},
        "effects": {**POLICY, **_EFFECTS},
        "outcomes": _OUTCOMES,
        "pairing": {
            **POLICY,
            **OUTCOME,
            "all_days": ("times", "`saved` over all days"),
            "first_day": ("times", "`saved` of the first day alone"),
            "why": ("text", "why pairing saves no more; empty where it saves enough"),
        },
    },
    "tools": {
        "campaigns": {**CAMPAIGNS, **RUN},
        "worlds": {**_A_CAMPAIGN, **RUN},
        "tools": {**TOOL, **_EFFECTS},
        "outcomes": _OUTCOMES,
        "market_worlds": {**_A_MARKET, **RUN},
        "mechanisms": {**WITHOUT, **_EFFECTS},
        "market_outcomes": _OUTCOMES,
        "content_campaigns": {**CAMPAIGNS, **RUN},
        "content": {**CONTENT, **_EFFECTS},
        "retention": {
            **CONTENT,
            **_READING,
            "value": ("fraction", "simulated"),
            **_INTERVAL,
            "reported": ("fraction", "reported point, or the difference of both"),
        },
    },
    "livestream": {
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
            **_READING,
            "value": ("fraction", "simulated"),
            **_INTERVAL,
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
    },
}
"""Columns by experiment and file."""


def add_codebook(report: "Report") -> None:
    """Describe each column of the report's tables and data; see `codebook.add_codebook`."""
    codebook.add_codebook(report, TABLES[report.name])
