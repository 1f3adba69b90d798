"""The feed: posts that the platform shows to people of its choice instead of friends."""

from collections.abc import Mapping

from weishang.kernels import Strangers
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.social_distance import LayerSpec, SocialDistance
from weishang.model.mechanisms.feed.parameters import FeedParameters
from weishang.model.mechanisms.feed.recommendation import AUDIENCE
from weishang.model.mechanisms.mechanism import Day, LayerView, Mechanism, World

FEED = LayerSpec(5, "feed", SocialDistance.STRANGER)


class Feed(Mechanism):
    """The feed: where friends do not come first, a part of what they would see goes to strangers.

    Acts through a layer of random contacts, and through a factor on the view of friends. The
    platform's rules say whether friends come first (`rules.friends_first`) and what they lose
    otherwise (`rules.feed_share`).
    """

    name = "feed"
    about = "posts that the platform shows to people of its own choice"
    parameters = FeedParameters
    streams = (AUDIENCE,)
    own_layers = (FEED,)

    def start(self, world: World) -> Strangers:
        """Whom the feed may show a post."""
        channels, society = world.scenario.channels, world.society
        return Strangers(
            society.num_users,
            channels.feed_audience,
            channels.feed_near,
            society.interest_and_place,
        )

    def layers(self, world: World, state: Strangers, day: Day) -> Mapping[LayerSpec, LayerView]:
        """Strangers see what friends lose."""
        lost = 1.0 - friends_keep(world)
        return {FEED: LayerView(state, world.scenario.weights.view * lost * day.posts)}

    def adjust(self, world: World, state: Strangers, day: Day) -> Adjustments:
        """Friends see less."""
        added = Adjustments.none()
        added.friends_view[:] = friends_keep(world)
        return added


def friends_keep(world: World) -> float:
    """The fraction of the view that is left to friends."""
    rules = world.scenario.rules
    return 1.0 if rules.friends_first else 1.0 - rules.feed_share
