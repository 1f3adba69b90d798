"""How large a call of `propagate` is: its layers, its own arrays and its result, in bytes.

A backend's own arrays are estimated by the backend, as `Work`.
"""

from dataclasses import dataclass
from typing import NamedTuple

from weishang.kernels.cascade.core.result import COUNTS

OFFSET_BYTES, TARGET_BYTES, WEIGHT_BYTES = 8, 4, 8
"""Of a graph: a row offset and a target (see Graph); a weight, and as much for its threshold."""
COUNT_BYTES = 8 * len(COUNTS)
"""Of a result, a level of a cascade."""
EVENT_BYTES, PATH_BYTES = 35, 1
"""Of a result, a reached node: the columns of Events; its level under a rule with paths."""
MEMBER_BYTES, GROUP_BYTES = 8, 24
"""Of groups: a membership stored by node, beside its id; a group's offset, weight, threshold."""
SORT_BYTES = 110
"""A reached node while events are sorted, beside EVENT_BYTES. Measured: 92 to 110 in all."""
SEGMENT_BYTES = 4
"""Of a call, a node."""
CASCADE_BYTES, LAYER_BYTES = 48, 16
"""Of a call, a cascade: its id, the place of its seeds, its random words; those of a layer, of
which there are twice as many where there may be groups and strangers."""
USUAL_LEVELS = 32
"""Levels that a result is taken to have where max_hops does not bound it."""


@dataclass(frozen=True)
class Batch:
    """The size of a call of `propagate`.

    Attributes:
        num_nodes, num_edges: N, and directed edges and memberships of all layers together.
        cascades: C.
        layers: L.
        weighted: whether edges have weights.
        events: whether they are recorded.
        doses: D.
        levels: columns of the result, max_hops where it is given.
        reach: people a cascade reaches on average; N where it is not known.
        layered: whether there are groups, strangers or paths: see `Task.plain`.
        memberships: of `num_edges`, those that are members of groups.
        groups: of all layers.
    """

    num_nodes: int
    num_edges: int
    cascades: int = 1
    layers: int = 1
    weighted: bool = False
    events: bool = False
    doses: int = 1
    levels: int = USUAL_LEVELS
    reach: float | None = None
    layered: bool = False
    memberships: int = 0
    groups: int = 0

    @property
    def only_counts(self) -> bool:
        """Whether nodes decide once and leave only counts: every backend's way of least memory."""
        return self.doses == 1 and not self.events

    @property
    def mean_reach(self) -> float:
        """People that a cascade is taken to reach."""
        return self.num_nodes if self.reach is None else min(self.reach, self.num_nodes)

    @property
    def graph_bytes(self) -> int:
        """The layers as they stand on the host."""
        edge = TARGET_BYTES + (2 * WEIGHT_BYTES if self.weighted else 0)
        groups = MEMBER_BYTES * self.memberships + GROUP_BYTES * self.groups
        return OFFSET_BYTES * self.layers * (self.num_nodes + 1) + edge * self.num_edges + groups

    @property
    def call_bytes(self) -> int:
        """The call's own arrays: classes of nodes, ids and words of cascades."""
        words = LAYER_BYTES * (2 if self.layered else 1)
        cascade = CASCADE_BYTES + words * self.layers
        return SEGMENT_BYTES * self.num_nodes + cascade * self.cascades

    @property
    def result_bytes(self) -> int:
        """Counts and events."""
        event = EVENT_BYTES + (PATH_BYTES if self.layered else 0)
        events = event * self.mean_reach if self.events else 0
        return round((COUNT_BYTES * self.levels + events) * self.cascades)


class Work(NamedTuple):
    """A backend's own arrays.

    Attributes:
        size: bytes.
        rows: cascades that they serve at once.
        on_device: whether they are on a device rather than on the host.
        sorting: bytes a reached node while its event is put in its place.
    """

    size: int
    rows: int
    on_device: bool = False
    sorting: int = SORT_BYTES
