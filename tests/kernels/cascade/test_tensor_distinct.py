"""Each key once, whatever share a place in the table."""

from unittest import mock

import torch
from hypothesis import given
from hypothesis import strategies as st

from weishang.kernels.cascade import tensor_distinct
from weishang.kernels.cascade.tensor_distinct import FEW, PLACES, Distinct

NUM_MARKS = 200


@given(
    keys=st.lists(st.integers(0, NUM_MARKS - 1), max_size=60),
    marks=st.lists(st.integers(0, 9), min_size=NUM_MARKS, max_size=NUM_MARKS),
    limit=st.integers(0, 9),
    max_keys=st.integers(1, 60),
    few=st.sampled_from([0, 1, 7, FEW]),
)
def test_unseen_keys_come_once(
    keys: list[int], marks: list[int], limit: int, max_keys: int, few: int
) -> None:
    """Tables of a few places too, which nearly all of the keys share; by tickets, and sorted."""
    table = torch.tensor(marks, dtype=torch.uint8)
    found: list[int] = []
    distinct = Distinct(max_keys, torch.device("cpu"))
    with mock.patch.object(tensor_distinct, "FEW", few):
        for fresh in distinct.unseen(torch.tensor(keys).long(), table, limit):
            table.index_fill_(0, fresh, limit + 1)
            found += fresh.tolist()
    assert sorted(found) == sorted({key for key in keys if marks[key] <= limit})


def test_keys_that_share_a_place_all_come() -> None:
    distinct = Distinct(1, torch.device("cpu"))
    keys = torch.arange(0, 10 * PLACES, PLACES)
    marks = torch.zeros(10 * PLACES, dtype=torch.uint8)
    rounds = []
    with mock.patch.object(tensor_distinct, "FEW", 0):
        for fresh in distinct.unseen(keys, marks, 0):
            marks.index_fill_(0, fresh, 1)
            rounds.append(fresh.numel())
    assert rounds == [1] * len(keys)
