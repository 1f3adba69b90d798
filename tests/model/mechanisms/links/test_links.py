"""Links that leave the platform: sellers may use them, and nothing else changes."""

from weishang.model.core.campaigns import Campaigns, Offer
from weishang.model.core.choices import Options
from weishang.model.mechanisms.links import Links
from weishang.model.mechanisms.mechanism import Grant

CAMPAIGNS = Campaigns.from_offers([Offer(1, 0, 0, 1.0, False, 0.0, external=True)])


def test_every_seller_may_use_one(world_of):
    assert Links().options(world_of(), None) == [Grant(Options(external=(False, True)))]


def test_the_platforms_rule_and_not_the_mechanism_demotes_them(added_by, world_of, open_day_of):
    assert added_by(Links, CAMPAIGNS) is None
    day = open_day_of(CAMPAIGNS)
    assert Links().layers(world_of(), None, day) == {}
    assert day.visible.tolist() == [[1.0, 0.5, 0.2]]
