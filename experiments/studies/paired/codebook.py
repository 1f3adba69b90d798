"""What every column means in the results of policies and tools, with its unit."""

from weishang.experiments.analysis.paired import Outcome, campaign_outcomes, market_outcomes
from weishang.experiments.simulate.codebook import CAMPAIGNS, DAYS, PLACE_AND_TIME
from weishang.experiments.storage.codebook import Entry

POLICY: dict[str, Entry] = {"policy": ("name", "of the scenario: one rule is changed")}
TOOL: dict[str, Entry] = {"tool": ("name", "that every offer has, against no tool")}
WITHOUT: dict[str, Entry] = {"without": ("name", "mechanism that is off")}
CONTENT: dict[str, Entry] = {"content": ("name", "that every offer has, or the difference of both")}
RUN: dict[str, Entry] = {"run": ("name", "which markets: the tool, content or mechanism off")}
OUTCOME: dict[str, Entry] = {"outcome": ("name", "of what markets or campaigns come to")}

_EFFECTS: dict[str, Entry] = {
    **OUTCOME,
    "usual": ("of the outcome", "mean over replicates, as compared with"),
    "other": ("of the outcome", "mean over the same replicates with the change"),
    "effect": ("of the outcome", "mean difference between pairs of replicates"),
    "low": ("of the outcome", "lower end of its 95% interval, Student's t over pairs"),
    "high": ("of the outcome", "upper end of it"),
    "change": ("fraction", "effect over the usual mean that `change_relative_to` names"),
    "change_low": ("fraction", "lower end of its 95% interval, that of a ratio of means"),
    "change_high": ("fraction", "upper end of it"),
    "independent_variance": (
        "of the outcome, squared",
        "of the difference between two replicates of different luck",
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


def _of(outcomes: tuple[Outcome, ...]) -> dict[str, Entry]:
    return {one.name: (one.unit, one.meaning) for one in outcomes}


_A_MARKET = {"replicate": PLACE_AND_TIME["replicate"], **_of(market_outcomes(1.0))}
_A_CAMPAIGN = {"replicate": PLACE_AND_TIME["replicate"], **_of(campaign_outcomes(1.0))}

TABLES: dict[str, dict[str, dict[str, Entry]]] = {
    "policies": {
        "days": {**POLICY, **DAYS},
        "replicates": {**POLICY, **_A_MARKET},
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
        "replicates": {**_A_CAMPAIGN, **RUN},
        "tools": {**TOOL, **_EFFECTS},
        "outcomes": _OUTCOMES,
        "market_replicates": {**_A_MARKET, **RUN},
        "mechanisms": {**WITHOUT, **_EFFECTS},
        "market_outcomes": _OUTCOMES,
        "content_campaigns": {**CAMPAIGNS, **RUN},
        "content": {**CONTENT, **_EFFECTS},
        "retention": {
            **CONTENT,
            "reading": ("text", "what is counted, over whom"),
            "value": ("fraction", "simulated"),
            "ci_low": ("fraction", "lower end of the 95% interval, bootstrap over campaigns"),
            "ci_high": ("fraction", "upper end of it"),
            "reported": ("fraction", "reported point, or the difference of both"),
        },
    },
}
"""Columns by experiment and file."""
