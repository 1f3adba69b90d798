"""The operations that NumPy does on a CPU are those that torch does elsewhere."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from weishang.kernels.cascade.torch.ops import (
    chosen,
    distinct,
    lowest_lanes,
    positions,
    rows_of,
    split_keys,
)

KEYS = st.lists(st.integers(0, 2**40), max_size=60)


@given(numbers=st.lists(st.sampled_from([0, 1, 2, -1, -(2**63), 2**62]), max_size=60))
@pytest.mark.parametrize("dtype", [torch.bool, torch.int64])
def test_positions_are_where_a_mask_is_set(dtype, numbers):
    mask = torch.tensor(numbers, dtype=torch.int64).to(dtype)
    found = positions(mask)
    assert found.dtype == torch.int64
    assert found.tolist() == mask.nonzero().view(-1).tolist()
    assert chosen(torch.arange(7, 7 + len(numbers)), mask).tolist() == (found + 7).tolist()


@given(keys=KEYS, num_nodes=st.integers(1, 2**31 - 1))
def test_keys_are_split_as_they_are_made(keys, num_nodes):
    listed = torch.tensor(keys, dtype=torch.int64)
    rows, nodes = split_keys(listed, num_nodes)
    assert rows_of(listed, num_nodes).tolist() == rows.tolist()
    assert list(zip(rows.tolist(), nodes.tolist(), strict=True)) == [
        divmod(key, num_nodes) for key in keys
    ]


@given(masks=st.lists(st.integers(-(2**63), 2**63 - 1).filter(bool), max_size=60))
def test_lowest_lanes_are_those_of_the_lowest_bits(masks):
    found = lowest_lanes(torch.tensor(masks, dtype=torch.int64))
    assert found.dtype == torch.int64
    assert found.tolist() == [(mask & -mask).bit_length() - 1 for mask in masks]


@given(keys=st.lists(st.integers(0, 9), max_size=60))
def test_distinct_keys_are_each_there_once(keys):
    assert distinct(torch.tensor(keys, dtype=torch.int64)).tolist() == sorted(set(keys))
