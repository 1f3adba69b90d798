"""Livestreams: viewers choose to watch, and what that does to visiting and buying."""

import numpy as np
import pytest

from weishang.model.core.campaigns import Tool
from weishang.model.core.social_distance import SocialDistance
from weishang.model.mechanisms.livestream import Livestream, LivestreamParameters
from weishang.model.mechanisms.livestream.by_agents import LivestreamByAgents


def test_watching_costs_and_costs_the_uninterested_more(offers_of, added_by):
    parameters = LivestreamParameters(watch_cost=1.0, boredom=0.5, answers=0.25)
    added = added_by(Livestream, offers_of(Tool.LIVESTREAM, Tool.BARGAIN), parameters)
    assert (added.visit[0] == -1.5).all()
    assert (added.visit_match[0] == 0.5).all()
    assert (added.buy[0] == 0.25).all()
    for name in ("visit", "visit_match", "buy"):
        assert not getattr(added, name)[1].any()
    assert (added.price == 1.0).all()
    assert not added.share.any()
    assert not added.share_of_buyers.any()


def test_a_traditional_audience_does_not_choose_and_has_to_leave_to_order(offers_of, added_by):
    parameters = LivestreamParameters(traditional=True, friction=0.75, answers=0.25)
    added = added_by(Livestream, offers_of(Tool.LIVESTREAM), parameters)
    assert not added.visit.any()
    assert not added.visit_match.any()
    assert (added.buy == -0.5).all()


def test_selection_alone_lets_viewers_buy(small_world):
    """The host gives no answers; those who enter are of the interest, and so buy more often."""

    def of(**changes):
        room = LivestreamParameters(answers=0.0, **changes)
        days = [small_world(seed, [Tool.LIVESTREAM] * 4, livestream=room) for seed in range(8)]
        visited = np.concatenate([day.events.visited for day in days])
        bought = np.concatenate([day.events.bought for day in days])
        matched = np.concatenate(
            [
                day.interest[day.events.node] == day.campaigns.category[day.events.row]
                for day in days
            ]
        )
        return bought.sum() / visited.sum(), matched[visited].mean()

    drawn, chosen = of(watch_cost=0.0, boredom=0.0), of(watch_cost=0.0, boredom=3.0)
    assert chosen[1] > drawn[1] + 0.1
    assert chosen[0] > drawn[0]


@pytest.mark.parametrize("kind", [Livestream, LivestreamByAgents])
def test_the_day_notes_who_watched_and_nothing_else_changes(
    kind, offers_of, events_of, world_of, draft_of, open_day_of
):
    campaigns = offers_of(Tool.NONE, Tool.LIVESTREAM)
    near = SocialDistance.FRIEND
    events = events_of(campaigns, (0, 1, 1, 0, near, "v"), (1, 1, 2, 0, near, "vb"))
    before = draft_of(events, None).noting("other", 5)
    after = kind().settle(world_of(), None, open_day_of(campaigns), before)
    assert set(after.notes) == {"other", "livestream"}
    assert after.notes["livestream"].event.tolist() == [1]
    for name in ("price", "bought", "refunded", "items"):
        assert getattr(after, name) is getattr(before, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slots", -1),
        ("seen", 1.5),
        ("near", -0.1),
        ("watch_cost", -1.0),
        ("boredom", float("nan")),
        ("minutes", 0),
        ("mean_stay", 0.5),
        ("offer_every", 0),
        ("traditional", 1),
    ],
)
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is"):
        LivestreamParameters(**{name: value})
