"""Each of many keys once, by a small table of tickets: no sort of many, and no memory a key."""

from collections.abc import Iterator

import torch
from torch import Tensor

from weishang.kernels.cascade.tensor_primitives import chosen, distinct

PLACES = 4
"""Places in the table for each key that is looked at once: the more, the fewer share a place."""

FEW = 1 << 12
"""Keys that are sorted: rounds of so few would be all calls and no work."""


class Distinct:
    """Tells equal keys from different ones."""

    def __init__(self, max_keys: int, device: torch.device) -> None:
        """Make a table for at most so many keys at once."""
        size = 1 << (PLACES * max_keys - 1).bit_length()
        self._tickets = torch.empty(size, dtype=torch.int32, device=device)

    def unseen(self, keys: Tensor, marks: Tensor, limit: int) -> Iterator[Tensor]:
        """Those of the keys whose mark is at most `limit`, each once.

        Args:
            keys: int64 [K].
            marks: one a key; the taker raises those of the keys it is given before the next.
            limit: what a mark that has not been raised is at most.

        Yields:
            Different keys, int64, in rounds that are ever smaller.
        """
        while keys.numel() > FEW:
            places = keys & (self._tickets.numel() - 1)
            tickets = torch.arange(keys.numel(), dtype=torch.int32, device=keys.device)
            # Of the keys of a place one ticket is left, whichever it is. Equal keys share theirs.
            self._tickets.scatter_(0, places, tickets)
            holds = self._tickets.index_select(0, places) == tickets
            unseen = marks.index_select(0, keys) <= limit
            yield chosen(keys, unseen & holds)
            keys = chosen(keys, unseen > holds)
        fresh = chosen(keys, marks.index_select(0, keys) <= limit)
        if fresh.numel():
            yield distinct(fresh)
