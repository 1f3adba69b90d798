"""Whether a draft that a mechanism gives back is one that a day can have."""

import numpy as np

from weishang.model.core.orders import Orders
from weishang.model.mechanisms.mechanism import Draft

COLUMNS = {"price": "f", "bought": "b", "refunded": "b", "items": "i"}
"""Kinds of number of the columns by event."""


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
