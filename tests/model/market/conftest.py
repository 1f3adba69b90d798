"""A small market in which everything happens, for all tests of the market."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from weishang.model.mechanisms.groups import GroupParameters, form_groups
from weishang.model.scenario import Mechanisms, Scenario
from weishang.model.society.generate import generate
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society


@pytest.fixture(scope="session")
def busy() -> Callable[..., Scenario]:
    """Every seller has a campaign every day, and every channel and tool is used."""

    def build(**mechanisms: bool) -> Scenario:
        usual = Scenario()
        return replace(
            usual,
            society=SocietyParameters(mean_friends=12.0, num_interests=4),
            mechanisms=replace(Mechanisms(), **mechanisms),
            weights=replace(usual.weights, view=0.6, buy_intercept=-2.0, takeoff_probability=0.6),
            sellers=replace(
                usual.sellers,
                activity=1.0,
                channels=(0.4, 0.3, 0.3),
                tools=(0.2, 0.2, 0.2, 0.2, 0.2),
                external=0.3,
                induced=0.3,
            ),
            rules=replace(usual.rules, induced_sharing=True, group_cap=10),
            groups=replace(usual.groups, sellers_size=30.0, post=0.3),
            channels=replace(
                usual.channels, broadcast_view=0.4, advert_audience=20, feed_audience=10
            ),
            followers=replace(usual.followers, median_followers=30.0, with_account=0.9),
            search=replace(usual.search, rate=0.3),
            attention=replace(usual.attention, thresholds=(1.0, 3.0)),
            livestream=replace(usual.livestream, slots=100),
        )

    return build


@pytest.fixture(scope="session")
def people() -> Society:
    """500 of them."""
    parameters = SocietyParameters(mean_friends=12.0, num_interests=4)
    return generate(parameters, 500, np.random.default_rng(3))


@pytest.fixture(scope="session")
def chats(people: Society) -> GroupChats:
    """Their groups."""
    return form_groups(people, GroupParameters(), np.random.default_rng(4))
