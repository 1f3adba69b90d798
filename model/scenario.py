"""A scenario: every parameter of a market, each with value, unit, source and role.

Its groups and switches come from the registry of mechanisms. The scenario of a market with a
mechanism of your own is an instance of ``scenario_type([*REGISTRY, Mine])``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import Field, asdict, field, fields, is_dataclass, make_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

from weishang.model.core.channel_parameters import ChannelParameters
from weishang.model.core.orders import MoneyParameters
from weishang.model.core.parameters import parameter
from weishang.model.core.platform_rules import PlatformRules
from weishang.model.core.weights import Budgets, DecisionWeights
from weishang.model.mechanisms import REGISTRY, check
from weishang.model.mechanisms.mechanism import Mechanism
from weishang.model.sellers.parameters import SellerParameters
from weishang.model.society.parameters import SocietyParameters

Kinds = tuple[type[Mechanism], ...]

SWITCHES = "mechanisms"
OWN: dict[str, Callable[[], Any]] = {
    "rules": PlatformRules,
    "society": SocietyParameters,
    "weights": DecisionWeights,
    "budgets": Budgets,
    "sellers": SellerParameters,
    "channels": ChannelParameters,
    "money": MoneyParameters,
}
"""Groups of parameters that belong to no mechanism."""
ORDER = (
    SWITCHES, "rules", "society", "groups", "weights", "budgets", "attention", "sellers",
    "learning", "channels", "followers", "feed", "search", "basket", "discount", "team_purchase",
    "bargain", "livestream", "reward", "money",
)  # fmt: skip
"""How groups follow each other in files and tables; others come after these."""


class Switches:
    """Which mechanisms are on: one switched off leaves all others' random streams as they were."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

        def __init__(self, **switches: bool) -> None: ...
        def __getattr__(self, name: str) -> bool: ...

    kinds: ClassVar[Kinds]

    @classmethod
    def none(cls) -> Self:
        """All off: friends alone."""
        return cls(**dict.fromkeys((item.name for item in fields(cls)), False))

    def without(self, name: str) -> Self:
        """All but one.

        Raises:
            ValueError: there is no mechanism of that name.
        """
        known = [item.name for item in fields(self)]
        if name not in known:
            raise ValueError(f"mechanism is {name!r}; give one of {', '.join(known)}")
        return replace(self, **{name: False})

    @property
    def friends_only(self) -> bool:
        """Whether all are off: campaigns spread by friends' posts alone."""
        return not any(getattr(self, item.name) for item in fields(self))

    def __reduce__(self) -> Any:
        """What copies are made from: the class itself is made anew."""
        return _switches, (self.kinds, _values(self))


class BaseScenario:
    """All that decides a market besides its seed and its size."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
        mechanisms: Switches
        rules: PlatformRules
        society: SocietyParameters
        weights: DecisionWeights
        budgets: Budgets
        sellers: SellerParameters
        channels: ChannelParameters
        money: MoneyParameters

        def __init__(self, **groups: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

    kinds: ClassVar[Kinds]
    """The mechanisms whose groups and switches it has."""

    def __post_init__(self) -> None:
        """Check that the parts fit each other.

        Raises:
            ValueError: budgets and the society's classes disagree.
        """
        if len(self.budgets.relative) != self.society.num_budgets:
            raise ValueError(
                f"budgets.relative has {len(self.budgets.relative)} classes but "
                f"society.num_budgets is {self.society.num_budgets}; give one budget per class"
            )

    def friends_only(self) -> Self:
        """The same with every mechanism off, and a post per seller and day."""
        sellers = replace(self.sellers, activity=1.0)
        return replace(self, mechanisms=self.mechanisms.none(), sellers=sellers)

    def values(self) -> dict[str, Any]:
        """Values by group and name, for a manifest."""
        return asdict(self)

    def described(self) -> Iterator[dict[str, Any]]:
        """A row per parameter: name, value, unit, source, role, low, high."""
        for group in fields(self):
            part = getattr(self, group.name)
            assert is_dataclass(part)
            for item in fields(part):
                value = {"name": f"{group.name}.{item.name}", "value": getattr(part, item.name)}
                yield {**value, **item.metadata}

    def __reduce__(self) -> Any:
        """What copies are made from: the class itself is made anew."""
        return _scenario, (self.kinds, _values(self))


def scenario_type(mechanisms: Iterable[type[Mechanism]]) -> type[BaseScenario]:
    """The class of scenarios of a market with these mechanisms.

    Args:
        mechanisms: classes, in the order of the market.

    Raises:
        ValueError: a name or a group is taken twice.

    Example:
        >>> from weishang.model.mechanisms import REGISTRY
        >>> from weishang.model.scenario import scenario_type
        >>> scenario_type(REGISTRY[:2])().mechanisms.accounts
        True
    """
    return _scenario_type(tuple(mechanisms))


@cache
def _scenario_type(kinds: Kinds) -> type[BaseScenario]:
    check(kinds)
    parts: dict[str, Any] = {SWITCHES: _switches_type(kinds), **OWN}
    parts |= {one.group or one.name: one.parameters for one in kinds if one.parameters is not None}
    names = [name for name in ORDER if name in parts]
    names += [name for name in parts if name not in names]
    return _made(
        "Scenario",
        BaseScenario,
        kinds,
        [(name, field(default_factory=parts[name])) for name in names],
    )


@cache
def _switches_type(kinds: Kinds) -> type[Switches]:
    def switch(about: str) -> Any:
        return parameter(True, unit="on or off", source=about, role="set", low=False, high=True)

    return _made("Mechanisms", Switches, kinds, [(one.name, switch(one.about)) for one in kinds])


def _made(name: str, base: type, kinds: Kinds, items: list[tuple[str, Any]]) -> Any:
    """A frozen dataclass with these fields and the methods of a base."""
    typed = [
        (each, item.default_factory if callable(item.default_factory) else bool, item)
        for each, item in items
    ]
    namespace = {"__doc__": base.__doc__, "__module__": __name__, "kinds": kinds}
    return make_dataclass(name, typed, bases=(base,), frozen=True, namespace=namespace)


def _scenario(kinds: Kinds, values: Mapping[str, Any]) -> BaseScenario:
    return _scenario_type(kinds)(**values)


def _switches(kinds: Kinds, values: Mapping[str, bool]) -> Switches:
    return _switches_type(kinds)(**values)


def _values(part: Any) -> dict[str, Any]:
    return {item.name: getattr(part, item.name) for item in fields(part)}


if TYPE_CHECKING:
    Scenario = BaseScenario
    Mechanisms = Switches

else:
    Scenario = scenario_type(REGISTRY)
    Mechanisms = _switches_type(REGISTRY)
