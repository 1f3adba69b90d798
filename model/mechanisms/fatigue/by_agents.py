"""Fatigue person by person: the reference for `fatigue`."""

import numpy as np
from numpy.typing import NDArray

from weishang.model.mechanisms.fatigue.fatigue import Attention, Fatigue, kept
from weishang.model.mechanisms.mechanism import DayRecord, World


class FatigueByAgents(Fatigue):
    """Fatigue, person by person."""

    def end_day(self, world: World, state: Attention, record: DayRecord) -> Attention:
        """Everyone remembers what was shown."""
        return after_one_by_one(state, record.events.node)


def after_one_by_one(attention: Attention, node: NDArray[np.int32]) -> Attention:
    """`Attention.after` person by person, post by post."""
    left = kept(attention.parameters)
    shown = [0] * attention.load.size
    for person in node.tolist():
        shown[person] += 1
    load = [left * before + new for before, new in zip(attention.load.tolist(), shown, strict=True)]
    return Attention(np.array(load), attention.parameters)
