"""The prior predictive: what the model gives before any weight is fitted."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd

from weishang.experiments.analysis.estimands import values
from weishang.experiments.console.progress import stage
from weishang.experiments.simulate.worlds import SeedStream, most_sellers, run_world
from weishang.kernels.rng import derive
from weishang.model.scenario import Scenario
from weishang.model.sellers.parameters import SellerParameters
from weishang.model.society.society import Society

DRAWS = 40
CAMPAIGNS = 60
"""Campaigns a draw; their own scatter is part of the range."""
INTERVAL = (0.05, 0.95)
AMONG_FRIENDS = ("by_ties", "rich_content", "price_log_sd")
BEYOND_FRIENDS = tuple(
    item.name for item in fields(SellerParameters) if item.name not in AMONG_FRIENDS
)
"""What sellers decide where more than friends spread campaigns, and how long an offer lasts."""


def column(figure: str, reading: str) -> str:
    """Where the prior predictive holds an estimand."""
    return f"{figure} | {reading}"


def prior_predictive(people: Society, scenario: Scenario, seed: int) -> pd.DataFrame:
    """Every estimand at parameters drawn from their prior ranges, a row a draw.

    The society and the number of hops stay as they are; so does what has no range.
    """
    rng = np.random.default_rng([seed, SeedStream.PRIOR])
    sellers = most_sellers(people, CAMPAIGNS)
    draws = []
    with stage("prior predictive", total=DRAWS) as advance:
        for number in range(DRAWS):
            there = replace(
                scenario,
                weights=drawn(scenario.weights, rng),
                sellers=drawn(scenario.sellers, rng, fixed=BEYOND_FRIENDS),
                feed=drawn(scenario.feed, rng, fixed=("audience",)),
            )
            result = values(
                run_world(people, there, derive(seed, SeedStream.PRIOR, number), sellers)
            )
            draws.append({column(*key): value for key, value in result.items()})
            advance()
    return pd.DataFrame(draws)


def drawn(part: Any, rng: np.random.Generator, fixed: tuple[str, ...] = ()) -> Any:
    """A copy of a parameter group, every number uniform in its prior range but for the fixed.

    Switches and lists stay as they are; whole numbers stay whole, both ends included.
    """
    values: dict[str, float | int] = {}
    for item in fields(part):
        low, high = item.metadata["low"], item.metadata["high"]
        if item.name in fixed or not _is_number(low) or not _is_number(high):
            continue
        if isinstance(getattr(part, item.name), int):
            values[item.name] = int(rng.integers(low, high, endpoint=True))
        else:
            values[item.name] = float(rng.uniform(low, high))
    return replace(part, **values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
