"""Which mechanisms of the market are on: one switched off leaves all others' luck as it was."""

from dataclasses import dataclass, fields, replace

from weishang.model.core.parameters import parameter


def _switch(what: str) -> bool:
    """A switch that is on unless an experiment turns it off."""
    switch: bool = parameter(True, unit="on or off", source=what, role="set", low=False, high=True)
    return switch


@dataclass(frozen=True)
class Mechanisms:
    """What the market has beside Moments posts among friends."""

    groups: bool = _switch("posts in group chats")
    accounts: bool = _switch("official accounts and their followers")
    adverts: bool = _switch("paid posts among strangers")
    search: bool = _switch("mini-program search")
    discount: bool = _switch("limited-time discounts")
    team_purchase: bool = _switch("group purchases")
    bargain: bool = _switch("bargaining with helpers")
    livestream: bool = _switch("livestreams")
    fatigue: bool = _switch("attention that tires from day to day")
    learning: bool = _switch("sellers that learn from their profits")

    @classmethod
    def none(cls) -> "Mechanisms":
        """Friends alone."""
        return cls(**dict.fromkeys((item.name for item in fields(cls)), False))

    def without(self, name: str) -> "Mechanisms":
        """All but one.

        Raises:
            ValueError: there is no mechanism of that name.
        """
        if name not in (item.name for item in fields(self)):
            known = ", ".join(item.name for item in fields(self))
            raise ValueError(f"mechanism is {name!r}; give one of {known}")
        return replace(self, **{name: False})

    @property
    def friends_only(self) -> bool:
        """Whether campaigns spread by friends' posts alone, without memory or learning."""
        return self == Mechanisms.none()
