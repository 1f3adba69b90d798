"""Consumers as Mesa agents: each sees a post, visits, buys and shares in its own methods."""

from collections.abc import Iterator
from typing import Protocol

import mesa
from mesa.agent import AgentSet

from weishang.kernels.rng import Purpose

PASSED_BY, VISITED, BOUGHT = 0, 1, 2
"""Outcomes that a share table tells apart."""


class Surroundings(Protocol):
    """What a consumer or a group sees of the cascade around it; see `agents.engine.WordOfMouth`."""

    hop: int
    sharers: "list[Consumer]"
    reached: "list[Consumer]"
    audience: AgentSet
    groups_posted: "list[GroupChat]"

    def onlookers(self, poster: "Consumer") -> "Iterator[tuple[Consumer, int]]":
        """Those who see what the poster shows in this hop, and the level it would reach them at."""

    def groups_of(self, poster: "Consumer") -> "Iterator[tuple[GroupChat, int]]":
        """The groups that the poster posts in, and the level that it makes of their members."""

    def onlookers_in(self, group: "GroupChat") -> "Iterator[Consumer]":
        """The members who see what is posted in a group in this hop."""

    def happens(self, purpose: Purpose, consumer: "Consumer") -> bool:
        """Whether the consumer does it now."""


class Consumer(mesa.Agent):
    """A person on whose screen a friend's post may appear.

    Attributes:
        node: place in the friend network.
        segment: class that the chances of visiting, buying and sharing depend on.
        is_seed: whether the post starts here; a seed is never reached.
        hop: round in which the post first appeared; 0 while it has not.
        level: how far off it came from: the row of the rule's tables; 0 while it has not.
        parent: the smallest of those who showed it in that hop and gave the level; -1 before.
        dose: how often it has appeared.
        visited, bought: whether the consumer ever did.
        shared_hop: hop in which the consumer shared; 0 if it has not.
    """

    model: Surroundings

    def __init__(self, model: Surroundings, node: int, segment: int) -> None:
        super().__init__(model)
        self.node = node
        self.segment = segment
        self.forget()

    def forget(self) -> None:
        """Be again one whom no post has reached."""
        self.is_seed = False
        self.hop = 0
        self.level = 0
        self.parent = -1
        self.dose = 0
        self.visited = False
        self.bought = False
        self.shared_hop = 0

    def start(self) -> None:
        """Be the one, or one of those, with whom the post starts."""
        self.is_seed = True
        self.model.sharers.append(self)

    def post(self) -> None:
        """Put the post on the screens of those who happen to look, and into one's groups."""
        for person, level in self.model.onlookers(self):
            person.see(self, level)
        for group, level in self.model.groups_of(self):
            group.receive(self, level)

    def see(self, poster: "Consumer", level: int) -> None:
        """Be exposed once more; the first hop settles level and parent, the nearest winning."""
        if self.is_seed:
            return
        if not self.hop:
            self.hop = self.model.hop
            self.level, self.parent = level, poster.node
            self.model.reached.append(self)
        elif self.hop == self.model.hop:
            self.level, self.parent = min((self.level, self.parent), (level, poster.node))
        self.dose += 1
        self.model.audience.add(self)

    def decide(self) -> None:
        """Decide on what has not been done yet, once a hop, however often the post appeared."""
        self.visit()
        self.buy()
        self.share()

    def visit(self) -> None:
        """Open the link."""
        if not self.visited:
            self.visited = self.model.happens(Purpose.VISIT, self)

    def buy(self) -> None:
        """Order, having opened the link."""
        if self.visited and not self.bought:
            self.bought = self.model.happens(Purpose.BUY, self)

    def share(self) -> None:
        """Pass the post on, to be shown to friends in the next hop."""
        if not self.shared_hop and self.model.happens(Purpose.SHARE, self):
            self.shared_hop = self.model.hop
            self.model.sharers.append(self)

    @property
    def outcome(self) -> int:
        """What the post has come to here: passed by, visited or bought."""
        if self.bought:
            return BOUGHT
        return VISITED if self.visited else PASSED_BY


class GroupChat(mesa.Agent):
    """A group in which members post; a post appears there once.

    Attributes:
        layer: number of the layer of groups.
        number: of the group in its layer.
        poster: the member who posted it, the nearest to its start; None while nobody has.
        level: what it makes of members whom it reaches first.
    """

    model: Surroundings

    def __init__(self, model: Surroundings, layer: int, number: int) -> None:
        super().__init__(model)
        self.layer = layer
        self.number = number
        self.forget()

    def forget(self) -> None:
        """Be again a group that no post has come to."""
        self.poster: Consumer | None = None
        self.level = 0
        self.shown = False

    def receive(self, poster: Consumer, level: int) -> None:
        """Take a member's post, unless it was there in an earlier hop."""
        if self.shown:
            return
        if self.poster is None:
            self.model.groups_posted.append(self)
        if self.poster is None or (level, poster.node) < (self.level, self.poster.node):
            self.poster, self.level = poster, level

    def show(self) -> None:
        """Put the post on the screens of the other members who happen to look."""
        assert self.poster is not None
        self.shown = True
        for member in self.model.onlookers_in(self):
            if member is not self.poster:
                member.see(self.poster, self.level)
