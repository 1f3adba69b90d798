"""Adverts: paid posts that the platform shows to people of the seller's choice."""

from collections.abc import Mapping, Sequence

import numpy as np

from weishang.kernels import Strangers
from weishang.model.core.campaigns import Channel
from weishang.model.core.choices import Options
from weishang.model.core.social_distance import LayerSpec, SocialDistance
from weishang.model.mechanisms.mechanism import Day, Grant, LayerView, Mechanism, World

ADVERT = LayerSpec(6, "advert", SocialDistance.STRANGER)


class Adverts(Mechanism):
    """Paid posts: strangers see them at the first hop, beside the seller's own post.

    Acts through a layer of random contacts, drawn by interest and place; `channels.advert_audience`
    and `channels.advert_near` say how many and how near.
    """

    name = "adverts"
    about = "paid posts among strangers"
    own_layers = (ADVERT,)

    def start(self, world: World) -> Strangers:
        """Whom an advert may reach."""
        channels, society = world.scenario.channels, world.society
        return Strangers(
            society.num_users,
            channels.advert_audience,
            channels.advert_near,
            society.interest_and_place,
        )

    def options(self, world: World, state: Strangers) -> Sequence[Grant]:
        """Every seller may pay for one."""
        return [Grant(Options(channels=(Channel.MOMENTS, Channel.ADVERT)))]

    def layers(self, world: World, state: Strangers, day: Day) -> Mapping[LayerSpec, LayerView]:
        """The audience is shown the post for certain, once."""
        view = np.zeros_like(day.visible)
        view[day.campaigns.channel == Channel.ADVERT, 0] = 1.0
        return {ADVERT: LayerView(state, view)}
