"""The GPU kernels' arithmetic equals that of Python's integers."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("triton")

import triton
import triton.language as tl

from weishang.kernels import rng
from weishang.kernels.cascade.triton.kernels.rng import (
    INTERPRETED,
    child,
    lane_of,
    live_lanes,
    lowest,
)

WORDS = st.integers(0, 2**64 - 1)
THRESHOLDS = st.one_of(
    st.integers(0, rng.CERTAIN), st.sampled_from([0, 1, 2**31, rng.CERTAIN - 1, rng.CERTAIN])
)
MASKS = st.one_of(WORDS, st.sampled_from([0, 1, 2**63, 2**64 - 1]))

KNOWN_KEY = 0x7B2A124706263C9E
ALL_LANES = 2**64 - 1

DEVICE = "cpu" if INTERPRETED else "cuda"


@triton.jit
def children_of(states, indices, words, LANES: tl.constexpr):
    lane = tl.arange(0, LANES)
    word = child(tl.load(states + lane), tl.load(indices + lane))
    tl.store(words + lane, word.to(tl.int64))


@triton.jit
def masks_of(states, lanes, thresholds, masks, LANES: tl.constexpr):
    lane = tl.arange(0, LANES)
    state, own = tl.load(states + lane).to(tl.uint64), tl.load(lanes + lane).to(tl.uint64)
    mask = live_lanes(state, own, tl.load(thresholds + lane))
    tl.store(masks + lane, mask.to(tl.int64))


@triton.jit
def lowest_lanes_of(masks, lanes, LANES: tl.constexpr):
    lane = tl.arange(0, LANES)
    tl.store(lanes + lane, lane_of(lowest(tl.load(masks + lane).to(tl.uint64))).to(tl.int64))


def launch(kernel: Any, *columns: list[int]) -> list[int]:
    """What a kernel makes of columns of numbers, filled up with zeros to a tile."""
    count = len(columns[0])
    size = max(32, triton.next_power_of_2(count))
    padded = [column + [0] * (size - count) for column in columns]
    words = [np.array(column, dtype=np.uint64).view(np.int64) for column in padded]
    out = torch.empty(size, dtype=torch.int64, device=DEVICE)
    arguments = [torch.from_numpy(column).to(DEVICE) for column in words]
    kernel[(1,)](*arguments, out, LANES=size, num_warps=1)
    return out.cpu().numpy().view(np.uint64)[:count].tolist()


@settings(max_examples=30)
@given(pairs=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=40))
@example(pairs=[(0, 0), (0, 3), (42, 0), (2**64 - 1, 2**64 - 1), (2**63, 2**63 - 1)])
def test_children_are_those_of_the_integers(pairs: list[tuple[int, int]]) -> None:
    states, indices = (list(column) for column in zip(*pairs, strict=True))
    assert launch(children_of, states, indices) == [rng.child(*pair) for pair in pairs]


def test_known_live_lanes() -> None:
    known = [
        (0.02, 0, ALL_LANES, 0x0000000100000000),
        (0.127, 0, ALL_LANES, 0x0808000100002102),
        (0.5, 0, ALL_LANES, 0x8A1A8B6572CFFFCE),
        (0.5, 1, 0x3FF, 0x35B),
    ]
    states = [KNOWN_KEY + rng.GOLDEN * rng.UNIFORM_BITS * block for _, block, _, _ in known]
    limits = [int(rng.threshold(p)) for p, *_ in known]
    masks = launch(
        masks_of, [state & ALL_LANES for state in states], [one[2] for one in known], limits
    )
    assert masks == [one[3] for one in known]


@settings(max_examples=30)
@given(
    blocks=st.lists(
        st.tuples(WORDS, st.integers(0, 2**30), MASKS, THRESHOLDS), min_size=1, max_size=40
    )
)
def test_live_lanes_are_those_of_the_integers(blocks: list[tuple[int, int, int, int]]) -> None:
    keys, numbers, lanes, limits = (list(column) for column in zip(*blocks, strict=True))
    steps = [rng.GOLDEN * rng.UNIFORM_BITS * number for number in numbers]
    states = [(key + step) & ALL_LANES for key, step in zip(keys, steps, strict=True)]
    assert launch(masks_of, states, lanes, limits) == [
        rng.live_lanes(key, number, limit) & own for key, number, own, limit in blocks
    ]


@settings(max_examples=30)
@given(masks=st.lists(WORDS.filter(bool), min_size=1, max_size=40))
@example(masks=[1 << lane for lane in range(64)])
@example(masks=[ALL_LANES ^ (1 << lane) - 1 for lane in range(64)])
def test_the_lowest_lane_is_found(masks: list[int]) -> None:
    expected = [(mask & -mask).bit_length() - 1 for mask in masks]
    assert launch(lowest_lanes_of, masks) == expected
