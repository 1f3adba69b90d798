"""Group chats: their layer, and what tells two sets of them apart."""

from dataclasses import replace

import numpy as np
import pytest

from weishang.model.society.group_chats import NO_FOUNDER, GroupChats


def _three_groups(num_people=1000, sizes=(500, 501, 3)):
    return GroupChats(
        num_people,
        np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))),
        np.concatenate([np.empty(0, dtype=np.int32), *(np.arange(size) for size in sizes)]).astype(
            np.int32
        ),
        np.full(len(sizes), NO_FOUNDER, dtype=np.int32),
    )


def test_the_layer_demotes_groups_beyond_the_cap():
    chats = _three_groups()
    layer = chats.layer(cap=500, demotion=0.25, active=0.8, post=0.1)
    assert layer.weights.tolist() == [0.8, 0.2, 0.8]
    assert layer.post == 0.1
    assert np.array_equal(layer.indptr, chats.bounds)
    assert np.array_equal(layer.members, chats.members)
    assert chats.layer(1000, 0.25, 0.8).weights.tolist() == [0.8] * 3
    assert chats.layer(2, 0.0, 1.0).weights.tolist() == [0.0] * 3
    assert chats.layer(500, 1.0, 1.0).post == 1.0


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ((-1, 0.5, 0.5), r"^cap is -1; give an integer"),
        ((500.5, 0.5, 0.5), r"^cap is 500\.5; give an integer"),
        ((500, 1.5, 0.5), r"^demotion is 1\.5; give a number in \[0\.0, 1\.0\]"),
        ((500, 0.5, float("nan")), r"^active is nan; give a number"),
        ((500, 0.5, 0.5, 2), r"^post is 2; give a number"),
    ],
)
def test_a_layer_out_of_range_is_refused(values, fault):
    with pytest.raises(ValueError, match=fault):
        _three_groups().layer(*values)


def test_fingerprint_sees_everything():
    chats = _three_groups()
    prints = {
        chats.fingerprint(),
        _three_groups(num_people=1001).fingerprint(),
        _three_groups(sizes=(501, 500, 3)).fingerprint(),
        replace(chats, founder=np.zeros(3, dtype=np.int32)).fingerprint(),
    }
    assert len(prints) == 4


def test_nobody_is_in_no_groups():
    none = GroupChats.none(7)
    assert (none.num_people, none.num_groups, none.sizes.size) == (7, 0, 0)
    layer = none.layer(500, 0.5, 1.0)
    assert (layer.num_nodes, layer.num_groups) == (7, 0)
