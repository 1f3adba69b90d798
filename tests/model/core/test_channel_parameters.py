"""How far channels carry: what is out of range is refused."""

from typing import Any

import pytest

from weishang.model.core.channel_parameters import ChannelParameters


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"group_view": 12.7}, "group_view is 12.7"),
        ({"follower_trust": -1.0}, "follower_trust is -1.0"),
        ({"advert_audience": 2.5}, "advert_audience is 2.5"),
        ({"feed_audience": -1}, "feed_audience is -1"),
    ],
)
def test_values_out_of_range_are_told(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ChannelParameters(**change)
