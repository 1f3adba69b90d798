"""Who told whom: where each person's parent stands among the events of finished cascades."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Events
from weishang.kernels.runtime.jit import jit_entry
from weishang.model.core.campaigns import Campaigns, Tool

NOBODY = -1
"""The position of a parent who started the cascade and so has no event."""


def events_with_tool(events: Events, campaigns: Campaigns, tool: Tool) -> NDArray[np.int64]:
    """Positions of the events of all campaigns that use a tool, rising, int64 [K]."""
    return np.flatnonzero((campaigns.tool == tool)[events.row])


def parent_positions(
    row: NDArray[np.int64], node: NDArray[np.int32], parent: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Where each entry's parent stands in the same arrays.

    Args:
        row, node, parent: columns of Events, all of some rows, [K].

    Returns:
        int64 [K], smaller than the entry's own position; NOBODY where a seed is the parent.

    Cost: one pass, and 8 bytes a node up to the largest.
    """
    position = np.full(row.size, NOBODY, dtype=np.int64)
    if row.size:
        nodes = int(max(node.max(), parent.max())) + 1
        _look_up(row, node, parent, np.full(nodes, NOBODY, dtype=np.int64), position)
    return position


@jit_entry
def _look_up(
    row: NDArray[np.int64],
    node: NDArray[np.int32],
    parent: NDArray[np.int32],
    last: NDArray[np.int64],
    position: NDArray[np.int64],
) -> None:
    first = 0
    for entry in range(row.size):
        if row[entry] != row[first]:
            first = entry
        # Parents come in an earlier hop; what is left of earlier rows lies before `first`.
        if last[parent[entry]] >= first:
            position[entry] = last[parent[entry]]
        last[node[entry]] = entry


def parents_by_loops(events: Events) -> list[Any]:
    """The same for all events in plain loops: positions, None where a seed is the parent."""
    places = {
        (row, node): place
        for place, (row, node) in enumerate(
            zip(events.row.tolist(), events.node.tolist(), strict=True)
        )
    }
    return [
        places.get(one) for one in zip(events.row.tolist(), events.parent.tolist(), strict=True)
    ]
