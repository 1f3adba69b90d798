"""How a day's campaigns spread: layers, views, adjustments and the rule, put together."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.kernels import Cascades, Events, Graph, propagate
from weishang.model.agents.engine import propagate_by_agents
from weishang.model.core.adjustments import Adjustments
from weishang.model.core.campaigns import Campaigns, Channel
from weishang.model.core.decision import DecisionRule, looked_up
from weishang.model.core.social_distance import (
    FRIENDS,
    NUM_DISTANCES,
    LayerSpec,
    SocialDistance,
    trust_by_distance,
)
from weishang.model.mechanisms.mechanism import (
    AGENTS,
    ChanceOfBuying,
    Day,
    LayerView,
    Mechanism,
    World,
)
from weishang.model.society.society import Society

MOST_CLASSES = 4096
"""Joint classes of people: the tables of the rule grow with them."""
States = Mapping[str, Any]
"""What each mechanism keeps, by its name."""


class Population:
    """The people of a day, as the rule sees them.

    Attributes:
        num_classes: F, joint classes of all mechanisms.
        classes: of each person, int32 [N].
        adjustments: what all mechanisms add together, by campaign, distance and joint class.
    """

    def __init__(
        self, world: World, mechanisms: Sequence[Mechanism], states: States, day: Day
    ) -> None:
        """Ask every mechanism for its classes and adjustments.

        Raises:
            ValueError: a mechanism gives arrays of another shape or range; it is named.
        """
        sizes = [_num_classes(one, world) for one in mechanisms]
        self.num_classes = math.prod(sizes)
        if self.num_classes > MOST_CLASSES:
            each = ", ".join(
                f"{one.name} {size}"
                for one, size in zip(mechanisms, sizes, strict=True)
                if size > 1
            )
            raise ValueError(
                f"classes of people multiply to {self.num_classes} ({each}); every table of the "
                f"rule grows with them: give at most {MOST_CLASSES} together"
            )
        self.classes = np.zeros(world.society.num_users, dtype=np.int32)
        self.adjustments = Adjustments.none(len(day.campaigns))
        for place, (one, size) in enumerate(zip(mechanisms, sizes, strict=True)):
            if size > 1:
                self.classes *= size
                self.classes += _classes(one, size, world, states)
            added = one.adjust(world, states[one.name], day)
            if added is not None:
                fault = (
                    added.fault(len(day.campaigns), NUM_DISTANCES, size, day.max_hops)
                    if isinstance(added, Adjustments)
                    else f"it gives {type(added).__name__}; give Adjustments or None"
                )
                if fault is not None:
                    raise ValueError(f"mechanism {one.name!r} adjusts wrongly: {fault}")
                before, after = math.prod(sizes[:place]), math.prod(sizes[place + 1 :])
                self.adjustments += added.among(before, after)

    def price_of(self, events: Events) -> NDArray[np.float64]:
        """The factor on the campaign's price that each person of the events is asked, [E]."""
        price = self.adjustments.price
        shape = (price.shape[0], NUM_DISTANCES)
        return looked_up(price, shape, events.row, events.level - 1, self.classes[events.node])


def trust(world: World, mechanisms: Sequence[Mechanism]) -> tuple[float, ...]:
    """Trust in whoever shows a post, by distance."""
    others: dict[SocialDistance, float] = {}
    for one in mechanisms:
        given = one.trust(world)
        own = {layer.first for layer in one.own_layers} - {FRIENDS.first}
        for distance, value in given.items():
            if distance not in own or not math.isfinite(value):
                names = ", ".join(each.name for each in sorted(own)) or "none"
                raise ValueError(
                    f"mechanism {one.name!r} gives trust {value!r} at {distance!r}; give a number "
                    f"at distances that its own layers make ({names})"
                )
        others |= given
    return trust_by_distance(world.scenario.weights.recommender_trust, others)


def spread(
    world: World,
    mechanisms: Sequence[Mechanism],
    states: States,
    day: Day,
    population: Population,
    num_layers: int,
    consumer: type | None = None,
) -> Cascades:
    """Spread a day's campaigns by all layers.

    Args:
        world: the market's.
        mechanisms: those that are on.
        states: of these mechanisms.
        day: its campaigns, C of them.
        population: the day's.
        num_layers: of the market, those of mechanisms that are off among them: these stay empty, so
            that all others keep their numbers.
        consumer: class of consumers for the agents' engine; None for its own.

    Returns:
        Cascades by SocialDistance, [C, 7], with events.
    """
    society, weights = world.society, world.scenario.weights
    friends = weights.view * population.adjustments.friends_view * day.posts
    shown: dict[LayerSpec, LayerView] = {FRIENDS: LayerView(society.graph, friends)}
    for one in mechanisms:
        given = one.layers(world, states[one.name], day)
        _check_layers(one, given, (len(day.campaigns), day.max_hops))
        shown |= given
    by_number = {spec.number: (spec, view) for spec, view in shown.items()}
    layers: list[Any] = [nobody(society)] * num_layers
    view = np.zeros((len(day.campaigns), num_layers, day.max_hops))
    paths = np.tile(np.array(FRIENDS.path, dtype=np.int8), (num_layers, 1))
    for number, (spec, layer) in by_number.items():
        layers[number], view[:, number], paths[number] = layer.layer, layer.view, spec.path
    rule = world.rule.tables(
        day.campaigns,
        society.parameters.num_interests,
        trust(world, mechanisms),
        adjustments=population.adjustments,
        num_classes=population.num_classes,
        view=view,
        paths=paths,
    )
    run: Callable[..., Cascades] = propagate
    options: dict[str, Any] = {}
    if world.engine == AGENTS:
        run, options = propagate_by_agents, {} if consumer is None else {"consumer": consumer}
    return run(
        layers,
        rule,
        day.campaigns.seller[:, np.newaxis],
        day.campaigns.campaign,
        world.seed,
        max_hops=day.max_hops,
        segment=society.segment * population.num_classes + population.classes,
        record="events",
        **options,
    )


def chances(
    world: World,
    mechanisms: Sequence[Mechanism],
    day: Day,
    population: Population,
    cascades: Cascades,
) -> ChanceOfBuying:
    """How likely those whom cascades reached buy at a price, at first sight; see ChanceOfBuying."""
    events, by_distance = cascades.events, trust(world, mechanisms)
    assert events is not None

    def chance(chosen: NDArray[np.int64], price: NDArray[np.float64]) -> NDArray[np.float64]:
        node = events.node[chosen]
        return world.rule.chance_of_buying(
            day.campaigns,
            by_distance,
            row=events.row[chosen],
            distance=events.level[chosen],
            interest=world.society.interest[node],
            budget_class=world.society.budget_class[node],
            person_class=population.classes[node],
            adjustments=population.adjustments,
            price=price,
        )

    return chance


def open_day(world: World, number: int, campaigns: Campaigns) -> Day:
    """A day with its campaigns, and what the platform leaves of their views."""
    demotion = world.scenario.rules.link_demotion
    max_hops = world.scenario.sellers.campaign_hops
    steps = np.array(demotion)[np.minimum(range(max_hops), len(demotion) - 1)]
    visible = np.where(campaigns.external[:, np.newaxis], steps, 1.0)
    posts = visible.copy()
    # A broadcast is not a post of the seller's own: friends see what followers share.
    posts[campaigns.channel == Channel.OFFICIAL, 0] = 0.0
    return Day(number, campaigns, max_hops, visible, posts)


def spread_among_friends(
    society: Society,
    campaigns: Campaigns,
    rule: DecisionRule,
    seed: int,
    *,
    max_hops: int | None,
    record: str = "counts",
) -> Cascades:
    """Spread campaigns among friends alone, counted by hop: the plain cascade behind every market.

    Args:
        society: the people.
        campaigns: C offers.
        rule: the decision rule.
        seed: of the replicate's random streams.
        max_hops: rounds of sharing; None for no end.
        record: "counts" or "events".

    Returns:
        Cascades, a row per campaign and a column per hop.
    """
    return propagate(
        society.graph,
        rule.tables(campaigns, society.parameters.num_interests),
        campaigns.seller[:, np.newaxis],
        campaigns.campaign,
        seed,
        max_hops=max_hops,
        segment=society.segment,
        record=record,
    )


def _check_layers(one: Mechanism, given: object, shape: tuple[int, int]) -> None:
    """Refuse layers that are not the mechanism's own, and views of another day."""
    if not isinstance(given, Mapping):
        raise ValueError(
            f"mechanism {one.name!r} gives layers as {type(given).__name__}; give a dict from its "
            "own layers to LayerView"
        )
    for spec, layer in given.items():
        if spec not in one.own_layers:
            raise ValueError(
                f"mechanism {one.name!r} gives the layer {spec!r}, which is not among its "
                "own_layers; name it there"
            )
        view = layer.view if isinstance(layer, LayerView) else None
        if not isinstance(view, np.ndarray) or view.shape != shape:
            found = type(layer).__name__ if view is None else np.shape(view)
            raise ValueError(
                f"mechanism {one.name!r} gives the layer {spec.name!r} the view {found}; give a "
                f"LayerView with float64 {list(shape)}, by campaign and hop"
            )
        if view.size and not (view.min() >= 0.0 and view.max() <= 1.0):
            raise ValueError(
                f"mechanism {one.name!r} gives the layer {spec.name!r} views from {view.min()} to "
                f"{view.max()}; give probabilities"
            )


def _num_classes(one: Mechanism, world: World) -> int:
    size = one.num_classes(world)
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
        raise ValueError(
            f"mechanism {one.name!r} has num_classes {size!r}; give an integer, at least 1"
        )
    return int(size)


def _classes(one: Mechanism, size: int, world: World, states: States) -> NDArray[np.integer[Any]]:
    """A mechanism's classes of people, checked."""
    found = one.classes(world, states[one.name])
    people = world.society.num_users
    if found is None:
        return np.zeros(people, dtype=np.int32)
    if isinstance(found, np.ndarray) and found.dtype == np.bool_:
        found = found.astype(np.int8)
    whole = isinstance(found, np.ndarray) and np.issubdtype(found.dtype, np.integer)
    if not whole or found.shape != (people,):
        given = (
            f"{found.dtype} {list(found.shape)}"
            if isinstance(found, np.ndarray)
            else type(found).__name__
        )
        raise ValueError(f"mechanism {one.name!r} gives classes {given}; give integers [{people}]")
    if found.size and not 0 <= int(found.min()) <= int(found.max()) < size:
        raise ValueError(
            f"mechanism {one.name!r} gives classes from {found.min()} to {found.max()}; "
            f"they lie in [0, {size})"
        )
    return found


@lru_cache(maxsize=2)
def _nobody(num_users: int) -> Graph:
    return Graph.from_csr(np.zeros(num_users + 1, dtype=np.int64), np.zeros(0, dtype=np.int32))


def nobody(society: Society) -> Graph:
    """A layer without ties, where a mechanism that is off would have its own."""
    return _nobody(society.num_users)
