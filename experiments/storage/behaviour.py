"""What the code does, as two hashes: of a few small cascades, and of the days of a small market.

They change when a simulation comes out differently, and not with comments, names or speed. A result
carries the hashes of the code that made it, so a test can list the results that today's code would
no longer produce.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from weishang.model import Scenario, Society

PEOPLE, SELLERS, DAYS = 300, 120, 6
ACTIVITY, FEED_SHARE = 0.25, 0.2
CASCADES = 40
SEED = 20_221_001
DECIMALS = 3
"""Of sums of money and means: the last digits differ between processors."""


def fingerprint() -> dict[str, str]:
    """SHA-256 of outcomes by what was simulated: a fraction of a second, once per process.

    Returns:
        `cascades`, which depends on weishang.kernels alone, and `market`.
    """
    return {"cascades": _of_cascades(), "market": _of_market()}


@functools.cache
def _of_cascades() -> str:
    from weishang.kernels import CascadeRule, Graph, propagate

    rng = np.random.default_rng(SEED)
    ends = rng.integers(PEOPLE, size=(2, 5 * PEOPLE))
    graph = Graph.from_edges(*ends, num_nodes=PEOPLE, directed=False)
    rule = CascadeRule(
        view=[0.9, 0.6],
        visit=[[0.6, 0.8], [0.5, 0.7]],
        buy=[[0.3, 0.4], [0.2, 0.3]],
        share=[[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]],
    )
    segment = (np.arange(PEOPLE) % 2).astype(np.uint8)
    found = propagate(
        graph, rule, [7], range(CASCADES), SEED, segment=segment, record="events", backend="numba"
    )
    assert found.events is not None
    people = np.array([found.events.row, found.events.node, found.events.bought])
    return _digest([found.reach, found.visitors, found.buyers, found.sharers, people])


@functools.cache
def _of_market() -> str:
    from weishang.model import Scenario, generate

    usual = Scenario()
    people = generate(usual.society, PEOPLE, np.random.default_rng(SEED))
    # More happens than usual, so that a few days meet every mechanism.
    busy = dataclasses.replace(usual, sellers=dataclasses.replace(usual.sellers, activity=ACTIVITY))
    series: set[tuple[int, ...]] = set()
    for friends_first in (True, False):
        rules = dataclasses.replace(
            usual.rules, friends_first=friends_first, induced_sharing=True, feed_share=FEED_SHARE
        )
        days = _days(people, dataclasses.replace(busy, rules=rules))
        # Neither the names nor the order of columns are an outcome, nor is a copy of a column.
        scaled = np.rint(days.fillna(-1.0).to_numpy(dtype=np.float64).T * 10**DECIMALS)
        series.update(tuple(column) for column in scaled.astype(np.int64).tolist())
    return _digest(np.array(column) for column in sorted(series))


def _days(people: "Society", scenario: "Scenario") -> pd.DataFrame:
    """The daily series of a small market, a row per day."""
    from weishang.model import Market, form_groups

    chats = form_groups(people, scenario.groups, np.random.default_rng(SEED))
    with Market(people, scenario, SEED, SELLERS, chats=chats) as market:
        for _ in range(DAYS):
            market.step()
        days: pd.DataFrame = market.datacollector.get_model_vars_dataframe()
        return days


def _digest(outcomes: Iterable[NDArray[np.integer]]) -> str:
    """SHA-256 of whole numbers, whatever their types."""
    found = hashlib.sha256()
    for one in outcomes:
        found.update(f"{one.shape}".encode())
        found.update(np.ascontiguousarray(one, dtype=np.int64).tobytes())
    return found.hexdigest()
