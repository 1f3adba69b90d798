"""Adverts: strangers are shown the post once, beside the seller's own."""

from dataclasses import replace

from weishang.model.core.campaigns import Campaigns, Channel, Offer
from weishang.model.core.choices import Options
from weishang.model.mechanisms.adverts import Adverts
from weishang.model.mechanisms.adverts.adverts import ADVERT
from weishang.model.mechanisms.mechanism import Grant
from weishang.model.scenario import Scenario

CAMPAIGNS = Campaigns.from_offers(
    [Offer(1 + at, at, 0, 1.0, False, 0.0, channel=at) for at in Channel]
)


def test_adverts_alone_are_shown_once_and_for_certain(world_of, townspeople, open_day_of):
    usual = Scenario()
    channels = replace(usual.channels, advert_audience=9)
    world = world_of(usual, society=townspeople(100), channels=channels)
    state = Adverts().start(world)
    assert (state.num_nodes, state.slots) == (100, 9)
    layers = Adverts().layers(world, state, open_day_of(CAMPAIGNS, world=world))
    assert list(layers) == [ADVERT]
    assert layers[ADVERT].layer is state
    assert layers[ADVERT].view.tolist() == [[0.0] * 3, [0.0] * 3, [1.0, 0.0, 0.0]]


def test_every_seller_may_pay_for_one(world_of):
    (grant,) = Adverts().options(world_of(), None)
    assert grant == Grant(Options(channels=(Channel.MOMENTS, Channel.ADVERT)))
    assert grant.sellers is None


def test_nothing_is_added_to_the_rule(added_by):
    assert added_by(Adverts, CAMPAIGNS) is None
