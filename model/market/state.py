"""What a market takes from one day to the next, as arrays: a run can stop and resume elsewhere.

Sellers with what they earned, what each active mechanism keeps, and the daily series so far. All
else is made again by a new market of the same arguments, or speaks of the day that has passed, as
campaigns and orders do.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.model.market.market import Market
from weishang.model.mechanisms.mechanism import Kind, Mechanism

NODES = "sellers.node"
INDICATOR = "indicators."
MECHANISMS = "mechanisms"
"""The fact that names the mechanisms in their order."""


def save(market: Market) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """A market's state at the end of a day.

    Args:
        market: of S sellers and N people, after D days.

    Returns:
        Arrays by name: of sellers [S], of mechanisms under their names, of the daily series [D].
        And facts, as JSON can say them: the day, and the mechanisms that are on, in their order.
    """
    sellers = market.world.sellers
    arrays: dict[str, NDArray[Any]] = {
        NODES: np.array([seller.node for seller in sellers], dtype=np.int64)
    }
    for name, dtype in _kept(market).items():
        arrays[f"sellers.{name}"] = np.array([getattr(one, name) for one in sellers], dtype=dtype)
    for one in market.active:
        kept = one.save(market.world, market.states[one.name])
        remembers = type(one).end_day is not Mechanism.end_day
        if not isinstance(kept, Mapping) or (remembers and not kept):
            raise ValueError(
                f"mechanism {one.name!r} remembers from day to day and saves {kept!r}; let its "
                "save give a dict of arrays, so that a checkpoint holds its state"
            )
        arrays |= {f"{one.name}.{name}": array for name, array in kept.items()}
    for name, values in market.datacollector.model_vars.items():
        arrays[INDICATOR + name] = _numbers(values)
    return arrays, {"day": market.day, **_parts(market)}


def restore(market: Market, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
    """Let a new market resume where a saved one was.

    Args:
        market: just made, of the same arguments as the saved one; changed in place.
        arrays, facts: from `save`.

    Raises:
        ValueError: the market has passed days already, or the state is not of such a market; the
            market is then as it was.
    """
    if market.day:
        raise ValueError(f"market has passed {market.day} days; give a new one")
    check_mechanisms(market, facts)
    day = facts.get("day")
    if type(day) is not int or day < 0:
        raise ValueError(f"state's day is {day!r}; give a number of days")
    _check(market, arrays, day)
    before, _ = save(market)
    states = dict(market.states)
    for one in market.active:
        try:
            states[one.name] = one.restore(market.world, states[one.name], _own(one, arrays))
        except ValueError as error:
            # What is restored in place, as learners are, is put back.
            for other in market.active:
                other.restore(market.world, market.states[other.name], _own(other, before))
            raise ValueError(
                f"state's {one.name}.{error}; restore it into a market of the same arguments"
            ) from error
    market.states.update(states)
    for name in _kept(market):
        values = arrays[f"sellers.{name}"].tolist()
        for seller, value in zip(market.world.sellers, values, strict=True):
            setattr(seller, name, value)
    for name, series in market.datacollector.model_vars.items():
        series[:] = arrays[INDICATOR + name].tolist()
    market.day = day


def _kept(market: Market) -> dict[str, type[np.generic]]:
    """What the sellers of a market keep, by attribute."""
    return type(market.world.sellers[0]).kept  # type: ignore[attr-defined]


def _parts(market: Market) -> dict[str, Any]:
    """The parts of a market that a state has to find again, by name."""
    return {
        MECHANISMS: [one.name for one in market.active],
        "seller": type(market.world.sellers[0]).__name__,
        "rule": type(market.world.rule).__name__,
    }


def check_mechanisms(market: Market, facts: Mapping[str, Any]) -> None:
    """Refuse the facts of a market with other mechanisms, another order of them, or other parts.

    Raises:
        ValueError: they differ; both are named.
    """
    ours = [one.name for one in market.active]
    if facts.get(MECHANISMS) != ours:
        told = facts.get(MECHANISMS)
        theirs = ", ".join(map(str, told)) if isinstance(told, list) else repr(told)
        raise ValueError(
            f"state is of the mechanisms {theirs}; this market has {', '.join(ours) or 'none'}: "
            "give it the same ones in the same order"
        )
    for part in ("seller", "rule"):
        if facts.get(part) != (own := _parts(market)[part]):
            raise ValueError(
                f"state is of a market whose {part} is {facts.get(part)!r}, here it is {own!r}; "
                "give the market the same class"
            )


def _own(one: Mechanism, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays of a mechanism, by its own names."""
    start = f"{one.name}."
    return {
        name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)
    }


def _numbers(values: list[float]) -> NDArray[Any]:
    """A column's days: integers where all are, else floats; a table of them is the same."""
    whole = all(isinstance(value, int | np.integer) for value in values)
    return np.array(values, dtype=np.int64 if whole else np.float64)


def _check(market: Market, arrays: Mapping[str, NDArray[Any]], day: int) -> None:
    """Refuse arrays that are not of such a market."""
    wanted = _wanted(market, day)
    if odd := sorted(wanted.keys() ^ arrays.keys()):
        verb = "lacks" if odd[0] in wanted else "has"
        raise ValueError(f"state {verb} {odd[0]!r}; restore it into a market of the same arguments")
    for name, (dtypes, shape) in wanted.items():
        found = arrays[name]
        unlike = len(found.shape) != len(shape) or any(
            want not in (None, have) for have, want in zip(found.shape, shape, strict=True)
        )
        if found.dtype.name not in dtypes or unlike:
            raise ValueError(
                f"state's {name} is {found.dtype}{list(found.shape)}; "
                f"this market's is {dtypes[0]}{list(shape)}"
            )
    counted = [name for name in arrays if name.startswith("sellers.")]
    price, orders = arrays["sellers.price"], arrays["sellers.orders"]
    if not ((price > 0) & (price < np.inf)).all():
        raise ValueError(
            "state's sellers.price is not above 0; restore it into a market of the same arguments"
        )
    for name in counted:
        if not np.isfinite(arrays[name]).all():
            raise ValueError(
                f"state's {name} is not finite; restore it into a market of the same arguments"
            )
    if (orders < 0).any():
        raise ValueError(
            "state's sellers.orders falls below 0; restore it into a market of the same arguments"
        )
    if arrays[NODES].tolist() != [seller.node for seller in market.world.sellers]:
        raise ValueError("state is of other sellers; give the state of a market of this seed")


def _wanted(market: Market, day: int) -> dict[str, Kind]:
    """What arrays the state of such a market has."""
    size = (len(market.world.sellers),)
    wanted: dict[str, Kind] = {NODES: (("int64",), size)}
    wanted |= {
        f"sellers.{name}": ((np.dtype(dtype).name,), size) for name, dtype in _kept(market).items()
    }
    for one in market.active:
        wanted |= {f"{one.name}.{name}": kind for name, kind in one.kinds(market.world).items()}
    wanted |= {
        INDICATOR + name: (("int64", "float64"), (day,)) for name in market.datacollector.model_vars
    }
    return wanted
