"""The ranges of what sellers are like; how they sell is in `test_seller`."""

from dataclasses import replace

import pytest

from weishang.model.core.campaigns import Channel, Tool
from weishang.model.sellers.parameters import CHANNELS, TOOLS, NamedSeller, SellerParameters


def test_channels_and_tools_are_in_their_order():
    assert tuple(Channel) == CHANNELS
    assert tuple(Tool) == TOOLS


@pytest.mark.parametrize(("name", "value"), [("activity", 1.5), ("external", -0.1)])
def test_a_share_lies_in_0_to_1(name, value):
    with pytest.raises(ValueError, match=name):
        replace(SellerParameters(), **{name: value})


def test_a_named_seller_leaves_category_and_price_open():
    named = NamedSeller("tea", 7)
    assert (named.category, named.price) == (None, None)
