"""How many programs of which size are launched: fixed, whatever a hop has to do.

A program continues through a queue in steps of the grid and stops at the queue's end, which it
reads on the device: nothing has to be known on the host, and a program without work ends at once.
"""

from typing import Any, NamedTuple

import torch

from weishang.kernels.cascade.triton.kernels.rng import INTERPRETED

ROW_LANES = 64
"""Blocks of slots a program of one warp has at once: two for each of its 32 threads."""
ROW_WARPS = 1
ROW_PROGRAMS = 32
"""Programs a multiprocessor: as many as NVIDIA's hold. With up to 64 registers a thread all of
them are resident."""

NODE_LANES = 128
NODE_WARPS = 4
NODE_PROGRAMS = 12
"""Programs a multiprocessor: with up to 40 registers a thread all of them are resident."""

HOPS_BEFORE_LOOK = 4
"""Hops between two looks of the host at whether anyone still shares."""

INTERPRETED_LANES = 1024
"""In the interpreter an operation costs about the same for few lanes and for many."""

Launch = tuple[tuple[int], dict[str, Any]]
"""Grid, and what else a launch is given."""


class Launches(NamedTuple):
    """Grids for one device.

    Attributes:
        rows: for kernels with a block of slots a lane.
        nodes: for kernels with a node a lane.
        hops_before_look: see HOPS_BEFORE_LOOK.
    """

    rows: Launch
    nodes: Launch
    hops_before_look: int

    @classmethod
    def on(cls, device: torch.device) -> "Launches":
        """Grids that fill the device."""
        if INTERPRETED:
            one = (1,), {"LANES": INTERPRETED_LANES}
            return cls(one, one, 1)
        processors = torch.cuda.get_device_properties(device).multi_processor_count
        return cls(
            ((processors * ROW_PROGRAMS,), {"LANES": ROW_LANES, "num_warps": ROW_WARPS}),
            ((processors * NODE_PROGRAMS,), {"LANES": NODE_LANES, "num_warps": NODE_WARPS}),
            HOPS_BEFORE_LOOK,
        )
