"""The prior predictive: what the model gives before anything is fitted.

Parameters are drawn from their prior ranges, independently and uniformly. What has no range (rules,
switches) and what a study fixes stays as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd

from weishang.experiments.console.progress import stage
from weishang.experiments.simulate.replicates import SeedStream
from weishang.kernels.rng import derive
from weishang.model.scenario import Scenario

DRAWS = 40
INTERVAL = (0.05, 0.95)
FIXED_GROUPS = ("society", "mechanisms", "rules", "budgets")
"""The people, what is on, the platform's rules, and a statistic of the country."""
FIXED = {"sellers": ("campaign_hops", "activity"), "feed": ("audience",)}
"""How long an offer lasts is varied by itself (see reach); campaigns per day are set by the run."""


def predictive(
    draw: Callable[[np.random.Generator], Scenario],
    measure: Callable[[Scenario, int], Mapping[str, float]],
    seed: int,
) -> pd.DataFrame:
    """What `measure` gives at DRAWS scenarios, one row per draw.

    Args:
        draw: gives a scenario drawn from its prior ranges.
        measure: takes a scenario and the seed of its replicate; gives numbers by column.
        seed: of the study.
    """
    rng = np.random.default_rng([seed, SeedStream.PRIOR])
    rows = []
    with stage("prior predictive", total=DRAWS) as advance:
        for number in range(DRAWS):
            rows.append(measure(draw(rng), derive(seed, SeedStream.PRIOR, number)))
            advance()
    return pd.DataFrame(rows)


def column(figure: str, reading: str) -> str:
    """Where the prior predictive holds an estimand."""
    return f"{figure} | {reading}"


def drawn_scenario(scenario: Scenario, rng: np.random.Generator) -> Scenario:
    """A scenario with every group drawn but FIXED_GROUPS, every field but FIXED."""
    groups = [item.name for item in fields(scenario) if item.name not in FIXED_GROUPS]
    drawn = {
        name: drawn_group(getattr(scenario, name), rng, FIXED.get(name, ())) for name in groups
    }
    return replace(scenario, **drawn)


def drawn_group(part: Any, rng: np.random.Generator, fixed: tuple[str, ...] = ()) -> Any:
    """A copy of a parameter group, every field uniform in its prior range but for the fixed.

    Whole numbers stay whole, both ends included; switches, and fields without a range, stay as they
    are. The entries of a tuple are drawn one by one, and sorted where they were in ascending order.
    """
    drawn: dict[str, Any] = {}
    for item in fields(part):
        value, low, high = getattr(part, item.name), item.metadata["low"], item.metadata["high"]
        if item.name in fixed or isinstance(value, bool) or low is None:
            continue
        if isinstance(value, tuple):
            entries = tuple(float(one) for one in rng.uniform(low, high))
            ascending = list(value) == sorted(value)
            drawn[item.name] = tuple(sorted(entries)) if ascending else entries
        elif isinstance(value, int):
            drawn[item.name] = int(rng.integers(low, high, endpoint=True))
        else:
            drawn[item.name] = float(rng.uniform(low, high))
    return replace(part, **drawn)
