"""The prior predictive of the market: every group's parameters drawn from their prior ranges."""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from weishang.model.scenario import Scenario

DRAWS = 40
FIXED_GROUPS = ("society", "mechanisms", "rules", "budgets")
"""The people, what is on, the platform's rules, and a statistic of the country."""
FIXED = {"sellers": ("campaign_hops", "activity"), "feed": ("audience",)}
"""How long an offer lasts is varied by itself (see reach); campaigns a day are set by the run."""


def drawn_scenario(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    """A scenario with every group drawn but FIXED_GROUPS, every field but FIXED."""
    groups = [item.name for item in fields(scenario) if item.name not in FIXED_GROUPS]
    drawn = {
        name: drawn_group(getattr(scenario, name), rng, FIXED.get(name, ())) for name in groups
    }
    return replace(scenario, **drawn)


def drawn_group(part: Any, rng: np.random.Generator, fixed: tuple[str, ...] = ()) -> Any:
    """A copy of a parameter group, every field uniform in its prior range.

    Integers stay integers; switches, and fields without a range, stay as they are. The entries of a
    tuple are drawn one by one, and sorted where they stand in ascending order.
    """
    drawn = {
        item.name: _drawn(getattr(part, item.name), item.metadata, rng)
        for item in fields(part)
        if item.name not in fixed and _has_range(getattr(part, item.name), item.metadata)
    }
    return replace(part, **drawn)


def _has_range(value: Any, metadata: Any) -> bool:
    return not isinstance(value, bool) and metadata["low"] is not None


def _drawn(value: Any, metadata: Any, rng: np.random.Generator) -> Any:
    low, high = metadata["low"], metadata["high"]
    if isinstance(value, tuple):
        entries = tuple(float(one) for one in rng.uniform(low, high))
        return tuple(sorted(entries)) if list(value) == sorted(value) else entries
    if isinstance(value, int):
        return int(rng.integers(low, high, endpoint=True))
    return float(rng.uniform(low, high))
