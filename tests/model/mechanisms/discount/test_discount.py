"""A discount: cheaper for those whom the seller's own post reaches, and nobody else."""

import numpy as np
import pytest

from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Tool
from weishang.model.core.social_distance import FRIENDS, SocialDistance
from weishang.model.mechanisms import REGISTRY
from weishang.model.mechanisms.discount import Discount, DiscountParameters

QUARTER = DiscountParameters(cut=0.25)


def test_the_first_pay_less_and_then_it_ends(offers_of, added_by):
    added = added_by(Discount, offers_of(Tool.NONE, Tool.DISCOUNT), QUARTER)
    assert added.price.shape == (2, len(SocialDistance), 1)
    by_distance = dict(zip(SocialDistance, added.price[1, :, 0].tolist(), strict=True))
    assert by_distance == {
        SocialDistance.FRIEND: 0.75,
        SocialDistance.FRIENDS_FRIEND: 1.0,
        SocialDistance.FURTHER: 1.0,
        SocialDistance.STRANGER: 0.75,
        SocialDistance.AFTER_STRANGER: 1.0,
        SocialDistance.FOLLOWER: 0.75,
        SocialDistance.GROUP_MEMBER: 0.75,
    }


def test_all_whom_a_sellers_post_reaches_pay_less(offers_of, added_by):
    price = added_by(Discount, offers_of(Tool.DISCOUNT), QUARTER).price[0, :, 0]
    layers = [FRIENDS, *(layer for kind in REGISTRY for layer in kind.own_layers)]
    assert len(layers) == 8
    assert all(price[layer.path[0] - 1] == 0.75 for layer in layers)


def test_nothing_but_the_price_changes(offers_of, added_by):
    added = added_by(Discount, offers_of(*Tool), QUARTER)
    assert (added.friends_view == 1.0).all()
    for name in ("visit", "visit_match", "buy", "share", "share_of_buyers"):
        assert not getattr(added, name).any()


def test_other_campaigns_are_left_alone(offers_of, added_by):
    others = [tool for tool in Tool if tool is not Tool.DISCOUNT]
    assert np.array_equal(
        added_by(Discount, offers_of(*others), QUARTER).price,
        Adjustments.none(len(others), len(SocialDistance)).price,
    )


@pytest.mark.parametrize("cut", [-0.1, 0.96, float("nan"), "half", True])
def test_a_cut_that_is_no_fraction_is_refused(cut):
    with pytest.raises(ValueError, match="cut is"):
        DiscountParameters(cut=cut)
