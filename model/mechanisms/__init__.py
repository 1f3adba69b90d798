"""Mechanisms: one folder each, behind one protocol, in one order.

The order of the registry is the order in which the market asks them, and for good the order of
their switches. A new one is appended; see docs/mechanisms.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from importlib import import_module
from keyword import iskeyword

from weishang.kernels.rng import Purpose
from weishang.model.core.social_distance import FRIENDS, LayerSpec
from weishang.model.core.streams import CORE, Stream
from weishang.model.mechanisms.accounts import Accounts
from weishang.model.mechanisms.adverts import Adverts
from weishang.model.mechanisms.bargain import Bargain
from weishang.model.mechanisms.basket import Basket
from weishang.model.mechanisms.discount import Discount
from weishang.model.mechanisms.fatigue import Fatigue
from weishang.model.mechanisms.feed import Feed
from weishang.model.mechanisms.groups import GroupPosts
from weishang.model.mechanisms.learning import Learning
from weishang.model.mechanisms.links import Links
from weishang.model.mechanisms.livestream import Livestream
from weishang.model.mechanisms.mechanism import AGENTS, ENGINES, Mechanism
from weishang.model.mechanisms.reward import Reward
from weishang.model.mechanisms.search import Search
from weishang.model.mechanisms.team_purchase import TeamPurchase

REGISTRY: tuple[type[Mechanism], ...] = (
    GroupPosts,
    Accounts,
    Adverts,
    Search,
    Discount,
    TeamPurchase,
    Bargain,
    Livestream,
    Fatigue,
    Learning,
    Feed,
    Reward,
    Basket,
    Links,
)
"""The mechanisms of this package."""

TAKEN_GROUPS = (
    "mechanisms", "rules", "society", "weights", "budgets", "sellers", "channels", "money",
)  # fmt: skip
"""Groups of parameters that belong to no mechanism."""
MOST_LAYERS = 32
"""Compiling for layers takes longer with each, those of mechanisms that are off among them."""
FIRST_FREE_STREAM = 1000
RESERVED = ("sellers", "indicators", "mechanisms", "day")
"""What checkpoints name otherwise."""
OF_PEOPLE = ("settle", "end_day")
"""What a mechanism does to people one by one, so that the agents' engine needs it that way."""


def default_mechanisms() -> list[Mechanism]:
    """One of each mechanism of this package, in their order."""
    return [kind() for kind in REGISTRY]


def for_engine(mechanisms: Iterable[Mechanism], engine: str) -> list[Mechanism]:
    """The mechanisms as an engine runs them: as they are, or their references person by person.

    Args:
        mechanisms: in the order of the market.
        engine: "vectorized" or "agents".

    Raises:
        ValueError: the engine is unknown, a name, stream, group or layer is taken, or one has no
            reference while agents are asked for.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}; give one of {', '.join(ENGINES)}")
    if isinstance(mechanisms, Mechanism) or not isinstance(mechanisms, Iterable):
        raise ValueError(f"mechanisms is {mechanisms!r}; give a list of them")
    given = list(mechanisms)
    for one in given:
        if not isinstance(one, Mechanism):
            raise ValueError(
                f"mechanisms has {one!r}; give instances of Mechanism, such as {_called(one)}"
            )
    check(given)
    return [_reference(one) for one in given] if engine == AGENTS else given


def check(mechanisms: Sequence[Mechanism | type[Mechanism]]) -> None:
    """Refuse mechanisms that would get in each other's way.

    Raises:
        ValueError: something is not a mechanism, or its name, group, a stream or a layer's number
            is taken.
    """
    owners: dict[str, dict[object, str]] = {
        "name": {},
        "group": dict.fromkeys(TAKEN_GROUPS, "the scenario itself"),
        "stream": {
            **{int(one): "the kernels" for one in Purpose},
            **{int(one): "the sellers" for one in CORE},
        },
        "layer": {FRIENDS.number: "friends' posts"},
    }
    for one in mechanisms:
        kind = one if isinstance(one, type) else type(one)
        if not issubclass(kind, Mechanism) or not isinstance(getattr(kind, "name", None), str):
            raise ValueError(
                f"mechanisms has {one!r}; give instances of Mechanism, each with a name"
            )
        _check_declared(kind)
        for what, taken in _claims(kind).items():
            if len(set(taken)) < len(taken):
                raise ValueError(f"mechanism {kind.name!r} takes one {what} twice: {taken}")
            for value in taken:
                if (owner := owners[what].setdefault(value, kind.name)) != kind.name or (
                    what == "name" and list(map(_name, mechanisms)).count(kind.name) > 1
                ):
                    raise ValueError(
                        f"mechanism {kind.name!r} takes the {what} {value!r}, which belongs to "
                        f"{owner!r}; give it another"
                    )
        own = kind.__module__.startswith("weishang.")
        for stream in kind.streams if not own else ():
            if stream < FIRST_FREE_STREAM:
                raise ValueError(
                    f"mechanism {kind.name!r} has the stream {stream!r}; numbers below "
                    f"{FIRST_FREE_STREAM} are the package's: give a higher one"
                )
        for layer in kind.own_layers:
            if not 0 <= layer.number < MOST_LAYERS:
                raise ValueError(
                    f"mechanism {kind.name!r} has a layer numbered {layer.number}; give a number "
                    f"in [0, {MOST_LAYERS})"
                )


def _check_declared(kind: type[Mechanism]) -> None:
    """Refuse a mechanism that does not say rightly what it is."""
    name, group = kind.name, kind.group or kind.name
    for what, word, taken in (
        ("name", name, {*RESERVED, "none", "without", "kinds", "friends_only"}),
        ("group", group, {"kinds", "friends_only", "values", "described"}),
    ):
        if not word.isidentifier() or iskeyword(word) or word.startswith("_") or word in taken:
            raise ValueError(
                f"mechanism {name!r} has the {what} {word!r}; give a plain name in lower case that "
                "means nothing else to scenarios and checkpoints"
            )
    if not isinstance(getattr(kind, "about", None), str):
        raise ValueError(f"mechanism {name!r} has no about; say in a few words what it turns on")
    if kind.parameters is not None and not is_dataclass(kind.parameters):
        raise ValueError(
            f"mechanism {name!r} has the parameters {kind.parameters!r}; give a frozen dataclass"
        )
    for what, values, of in (
        ("streams", kind.streams, Stream),
        ("own_layers", kind.own_layers, LayerSpec),
    ):
        if not isinstance(values, tuple) or not all(isinstance(each, of) for each in values):
            raise ValueError(
                f"mechanism {name!r} has {what} {values!r}; give a tuple of {of.__name__}"
            )


def _name(one: Mechanism | type[Mechanism]) -> str:
    return getattr(one, "name", "")


def _claims(kind: type[Mechanism]) -> Mapping[str, list[object]]:
    """What a mechanism wants for itself."""
    return {
        "name": [kind.name],
        "group": [kind.group or kind.name] if kind.parameters is not None else [],
        "stream": [int(one) for one in kind.streams],
        "layer": [one.number for one in kind.own_layers],
    }


def _called(one: object) -> str:
    """A class as it would be called, for whoever forgot to."""
    return f"{one.__name__}()" if isinstance(one, type) else "Mine()"


def _reference(one: Mechanism) -> Mechanism:
    """The mechanism person by person."""
    kind = type(one)
    reference = kind.reference
    if isinstance(reference, str):
        module, _, name = reference.partition(":")
        try:
            reference = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ValueError(
                f"mechanism {kind.name!r} has the reference {reference!r}, which cannot be "
                f"imported ({error}); give module:class"
            ) from error
    overridden = [name for name in OF_PEOPLE if getattr(kind, name) is not getattr(Mechanism, name)]
    if reference is None:
        if overridden:
            raise ValueError(
                f"mechanism {kind.name!r} has no reference for its {' and '.join(overridden)}; "
                "give it one that acts person by person, or use engine='vectorized'"
            )
        return one
    if not isinstance(reference, type) or not issubclass(reference, kind):
        raise ValueError(
            f"mechanism {kind.name!r} has the reference {reference!r}; give a subclass of "
            f"{kind.__name__}"
        )
    if reference is kind:
        return one
    twin = reference.__new__(reference)
    twin.__dict__.update(vars(one))
    return twin
