"""What a market refuses: arguments, parts of a user's own, and what mechanisms give back."""

from collections.abc import Sequence
from inspect import isabstract
from typing import Any

import numpy as np

from weishang.kernels.rng import WORD_BITS
from weishang.model.agents.consumers import Consumer
from weishang.model.core.choices import Options
from weishang.model.core.decision import DecisionRule
from weishang.model.core.orders import Orders
from weishang.model.mechanisms.mechanism import AGENTS, Draft, Grant, Mechanism, World
from weishang.model.scenario import BaseScenario
from weishang.model.sellers.seller import Seller
from weishang.model.society.society import Society

COLUMNS = {"price": "f", "bought": "b", "refunded": "b", "items": "i"}
"""Kinds of number of the columns by event."""


def check_seed(seed: object) -> None:
    """Refuse what cannot be the seed of random streams; Mesa's batch_run hands None on."""
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if not whole or not 0 <= int(seed) < 1 << WORD_BITS:  # type: ignore[call-overload]
        raise ValueError(
            f"seed is {seed!r}; give an integer in [0, 2^64); to Mesa's batch_run as rng=[1, 2] "
            "if it takes that, or else as the parameter seed"
        )


def check_made_of(society: object, scenario: object, num_sellers: object) -> None:
    """Refuse what no market can be made of."""
    for name, given, kind in (
        ("society", society, Society),
        ("scenario", scenario, BaseScenario),
    ):
        if not isinstance(given, kind):
            raise ValueError(f"{name} is {given!r}; give an instance of {kind.__name__}")
    if isinstance(num_sellers, bool) or not isinstance(num_sellers, int | np.integer):
        raise ValueError(f"num_sellers is {num_sellers!r}; give an integer, at least 1")
    if num_sellers < 1:
        raise ValueError(f"num_sellers is {num_sellers}; give an integer, at least 1")


def check_switches(scenario: BaseScenario, mechanisms: Sequence[Mechanism]) -> None:
    """Refuse a scenario that switches on what the market does not have."""
    there = {one.name for one in mechanisms}
    for kind in scenario.kinds:
        if kind.name not in there and getattr(scenario.mechanisms, kind.name):
            raise ValueError(
                f"scenario switches the mechanism {kind.name!r} on, and mechanisms has only "
                f"{', '.join(sorted(there)) or 'none'}; add {kind.__name__}(), or switch it off"
            )


def grants_of(one: Mechanism, world: World, state: Any) -> list[Grant]:
    """A mechanism's grants, checked."""
    given, sellers = one.options(world, state), len(world.sellers)
    grants: list[Any] = list(given) if isinstance(given, list | tuple) else [given]
    for grant in grants:
        whose = grant.sellers if isinstance(grant, Grant) else None
        right = whose is None or (
            isinstance(whose, np.ndarray) and whose.dtype == np.bool_ and whose.shape == (sellers,)
        )
        if not isinstance(grant, Grant) or not isinstance(grant.options, Options) or not right:
            raise ValueError(
                f"mechanism {one.name!r} gives the options {grant!r}; give a list of "
                f"Grant(Options(..), bool [{sellers}] or None)"
            )
    return grants


def check_parts(engine: str, seller: object, consumer: object, rule: object) -> None:
    """Refuse classes of one's own that no engine can use."""
    for name, given, base in (
        ("seller", seller, Seller),
        ("rule", rule, DecisionRule),
        ("consumer", consumer if consumer is not None else Consumer, Consumer),
    ):
        if not isinstance(given, type) or not issubclass(given, base) or isabstract(given):
            raise ValueError(f"{name} is {given!r}; give a subclass of {base.__name__}")
    if consumer is not None and engine != AGENTS:
        raise ValueError(
            f"consumer is {consumer.__name__}, which acts person by person, and engine is "  # type: ignore[attr-defined]
            f"{engine!r}; use engine='agents', or write what differs as a rule or a mechanism"
        )


def draft_fault(draft: object, before: Draft, day: int) -> str | None:
    """What is wrong with a draft, if anything.

    Args:
        draft: that a mechanism gives.
        before: that it was given.
        day: number of the day, which orders beside the cascades are of.
    """
    if not isinstance(draft, Draft):
        return f"it gives {type(draft).__name__}; give a Draft, such as replace(draft, ...)"
    if draft.events is not before.events:
        return "events are not the day's; leave them as they are"
    size = len(draft.events)
    for name, kind in COLUMNS.items():
        array = getattr(draft, name)
        if not isinstance(array, np.ndarray) or array.dtype.kind != kind or array.shape != (size,):
            found = f"{array.dtype} {list(array.shape)}" if isinstance(array, np.ndarray) else array
            return f"{name} is {found}; give an array like the one before, [{size}]"
    if not ((draft.price > 0.0) & (draft.price < np.inf)).all():
        return f"price goes from {draft.price.min()} to {draft.price.max()}; give factors above 0"
    if size and draft.items.min() < 1:
        return f"items goes down to {draft.items.min()}; give at least 1"
    if (draft.bought & ~draft.events.visited).any():
        return "bought holds people who did not visit; only visitors order"
    if (draft.refunded & ~draft.bought).any():
        return "refunded holds people who did not order; only orders are refunded"
    for orders in draft.beside:
        if not isinstance(orders, Orders) or (orders.day != day).any():
            return f"beside holds orders of another day than {day}; give today's"
    return None
