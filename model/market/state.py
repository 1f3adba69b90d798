"""What a market takes from one day to the next, as arrays: a run can stop and go on elsewhere.

Sellers with what they earned and learnt, followers, what people remember, and the indicators of
the days so far. All else is made again by a new market of the same arguments, or speaks of the
day that has passed, as campaigns and orders do.
"""

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weishang.model.market.market import Market
from weishang.model.mechanisms.accounts.followers import Followers
from weishang.model.mechanisms.fatigue.attention import Attention
from weishang.model.sellers.learning import Learner
from weishang.model.sellers.seller import Seller

COUNTED: dict[str, type[np.generic]] = {
    "price": np.float64,
    "orders": np.int64,
    "revenue": np.float64,
    "profit": np.float64,
}
"""What a seller has counted so far, by attribute."""
LEARNT: dict[str, type[np.generic]] = {"values": np.float64, "tries": np.int64}
"""What a seller has learnt, by attribute: lists by decision and action."""
NODES = "sellers.node"
CAMPAIGNS_LEARNT = "learner.campaigns"
LOAD = "attention.load"
FOLLOWED = {"seller": "followers.seller", "follower": "followers.follower"}
INDICATOR = "indicators."

Kind = tuple[tuple[str, ...], tuple[int | None, ...]]
"""Number formats that an array may have, and its shape; None is any length."""


def save(market: Market) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """A market's state at the end of a day.

    Args:
        market: of S sellers and N people, after D days.

    Returns:
        Arrays by name: of sellers [S] or, of what they learnt, [S, A]; of followers [F]; of people
        [N]; of indicators [D]. And facts, as JSON can say them: day, steps.
    """
    sellers = list(market.sellers)
    arrays: dict[str, NDArray[Any]] = {
        NODES: np.array([seller.node for seller in sellers], dtype=np.int64)
    }
    for name, dtype in COUNTED.items():
        arrays[f"sellers.{name}"] = np.array([getattr(one, name) for one in sellers], dtype=dtype)
    arrays |= _learnt([one.learner for one in sellers if one.learner is not None])
    if not market.friends_only:
        arrays |= {key: getattr(market.followers, name) for name, key in FOLLOWED.items()}
        arrays[LOAD] = market.attention.load
    for name, values in market.indicators.model_vars.items():
        arrays[INDICATOR + name] = _numbers(values)
    return arrays, {"day": market.day, "steps": market.steps}


def restore(market: Market, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
    """Let a new market go on where a saved one was.

    Args:
        market: just made, of the same arguments as the saved one; changed in place.
        arrays, facts: from `save`.

    Raises:
        ValueError: the market has passed days already, or the state is not of such a market; the
            market is then as it was.
    """
    if market.day:
        raise ValueError(f"market has passed {market.day} days; give a new one")
    day, steps = (_whole(facts, name) for name in ("day", "steps"))
    sellers = list(market.sellers)
    _check(market, sellers, arrays, day)
    for name in COUNTED:
        for seller, value in zip(sellers, arrays[f"sellers.{name}"].tolist(), strict=True):
            setattr(seller, name, value)
    _teach(sellers, arrays)
    if not market.friends_only:
        pairs = {name: arrays[key] for name, key in FOLLOWED.items()}
        market.followers = Followers(market.followers.accounts, **pairs)
        market.attention = Attention(arrays[LOAD], market.attention.parameters)
    for name, values in market.indicators.model_vars.items():
        values[:] = arrays[INDICATOR + name].tolist()
    market.day, market.steps = day, steps


def _learnt(learners: list[Learner]) -> dict[str, NDArray[Any]]:
    """What sellers learnt, [S, A]: actions of all decisions side by side; none: nothing."""
    if not learners:
        return {}
    arrays = {
        f"learner.{name}": np.array(
            [list(chain.from_iterable(getattr(one, name))) for one in learners], dtype=dtype
        )
        for name, dtype in LEARNT.items()
    }
    campaigns = np.array([one.campaigns for one in learners], dtype=np.int64)
    return {**arrays, CAMPAIGNS_LEARNT: campaigns}


def _teach(sellers: list[Seller], arrays: Mapping[str, NDArray[Any]]) -> None:
    learners = [one.learner for one in sellers if one.learner is not None]
    for place, learner in enumerate(learners):
        learner.campaigns = int(arrays[CAMPAIGNS_LEARNT][place])
        for name in LEARNT:
            row, start = arrays[f"learner.{name}"][place].tolist(), 0
            for known in getattr(learner, name):
                known[:] = row[start : start + len(known)]
                start += len(known)


def _numbers(values: list[float]) -> NDArray[Any]:
    """An indicator's days: integers where all are, else floats; a table of them is the same."""
    whole = all(isinstance(value, int | np.integer) for value in values)
    return np.array(values, dtype=np.int64 if whole else np.float64)


def _check(
    market: Market, sellers: list[Seller], arrays: Mapping[str, NDArray[Any]], day: int
) -> None:
    """Refuse arrays that are not of such a market."""
    wanted = _wanted(market, sellers, day)
    if odd := sorted(wanted.keys() ^ arrays.keys()):
        raise ValueError(f"state has {odd[0]!r} too much or too little; give this market's own")
    for name, (dtypes, shape) in wanted.items():
        found = arrays[name]
        if found.dtype.name not in dtypes or _unlike(found.shape, shape):
            raise ValueError(
                f"state's {name} is {found.dtype}{list(found.shape)}; "
                f"this market's is {dtypes[0]}{list(shape)}"
            )
        if test := _TESTS.get(name):
            test(name, found)
    if arrays[NODES].tolist() != [seller.node for seller in sellers]:
        raise ValueError("state is of other sellers; give the state of a market of this world")
    if not market.friends_only:
        _check_followers(market, *(arrays[key] for key in FOLLOWED.values()))


def _wanted(market: Market, sellers: list[Seller], day: int) -> dict[str, Kind]:
    """What arrays the state of such a market has."""
    size = (len(sellers),)
    wanted: dict[str, Kind] = {NODES: (("int64",), size)}
    for name, dtype in COUNTED.items():
        wanted[f"sellers.{name}"] = ((dtype.__name__,), size)
    learner = next((one.learner for one in sellers if one.learner is not None), None)
    if learner is not None:
        actions = sum(map(len, learner.values))
        wanted[CAMPAIGNS_LEARNT] = (("int64",), size)
        for name, dtype in LEARNT.items():
            wanted[f"learner.{name}"] = ((dtype.__name__,), (*size, actions))
    if not market.friends_only:
        wanted |= dict.fromkeys(FOLLOWED.values(), (("int32",), (None,)))
        wanted[LOAD] = (("float64",), (market.society.num_users,))
    for name in market.indicators.model_vars:
        wanted[INDICATOR + name] = (("int64", "float64"), (day,))
    return wanted


def _unlike(found: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(found) != len(wanted) or any(
        want not in (None, have) for have, want in zip(found, wanted, strict=True)
    )


def _check_followers(
    market: Market, seller: NDArray[np.int32], follower: NDArray[np.int32]
) -> None:
    """Pairs rise by seller and then by follower, are people, and sellers have an account."""
    if seller.size != follower.size:
        raise ValueError(f"state has {seller.size} followed and {follower.size} followers")
    pairs = seller.astype(np.int64) << 32 | follower.astype(np.int64)
    people = ((follower >= 0) & (follower < market.society.num_users)).all()
    if not people or not np.isin(seller, market.followers.accounts).all():
        raise ValueError("state has followers of nobody; give this market's own")
    if (np.diff(pairs) <= 0).any():
        raise ValueError("state's followers are not in order, each once; give this market's own")


def _not_negative(name: str, values: NDArray[Any]) -> None:
    if not ((values >= 0) & (values < np.inf)).all():
        raise ValueError(f"state's {name} goes below 0 or is no number; give this market's own")


def _positive(name: str, values: NDArray[Any]) -> None:
    if not ((values > 0) & (values < np.inf)).all():
        raise ValueError(f"state's {name} is not above 0; give this market's own")


_TESTS: dict[str, Callable[[str, NDArray[Any]], None]] = {
    "sellers.price": _positive,
    "sellers.orders": _not_negative,
    CAMPAIGNS_LEARNT: _not_negative,
    "learner.tries": _not_negative,
    LOAD: _not_negative,
}


def _whole(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    if type(value) is not int or value < 0:
        raise ValueError(f"state's {name} is {value!r}; give a number of days")
    return value
