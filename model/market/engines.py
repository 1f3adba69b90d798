"""The two engines: consumers as entries of tables, or each by itself; the results are equal."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from weishang.kernels import Cascades, propagate
from weishang.model.agents.engine import propagate_by_agents
from weishang.model.core.shops import Visits
from weishang.model.mechanisms.accounts import followers
from weishang.model.mechanisms.basket import basket
from weishang.model.mechanisms.fatigue import attention
from weishang.model.mechanisms.livestream import agents as livestream_agents
from weishang.model.mechanisms.livestream import livestream
from weishang.model.mechanisms.search import agents as search_agents
from weishang.model.mechanisms.search import search

Engine = Literal["tensor", "agents"]


class Hands(NamedTuple):
    """What consumers do, as functions; each has the arguments and the result of its twin.

    Attributes:
        propagate: spreads campaigns.
        search: finds shops.
        fill_baskets: buys further items.
        open_accounts: makes first followers.
        follow: makes followers of buyers.
        remember: what people have seen.
        watch: when viewers come and go.
        by_agents: whether tools settle person by person.
    """

    propagate: Callable[..., Cascades]
    search: Callable[..., Visits]
    fill_baskets: Callable[..., Any]
    open_accounts: Callable[..., followers.Followers]
    follow: Callable[..., followers.Followers]
    remember: Callable[..., attention.Attention]
    watch: Callable[..., livestream.Viewing]
    by_agents: bool


ENGINES: dict[str, Hands] = {
    "tensor": Hands(
        propagate,
        search.search,
        basket.fill_baskets,
        followers.open_accounts,
        followers.Followers.with_buyers,
        attention.Attention.after,
        livestream.viewing,
        by_agents=False,
    ),
    "agents": Hands(
        propagate_by_agents,
        search_agents.search_by_agents,
        basket.fill_baskets_by_agents,
        followers.open_accounts_by_agents,
        followers.with_buyers_by_agents,
        attention.after_one_by_one,
        livestream_agents.viewing_by_agents,
        by_agents=True,
    ),
}


def hands_of(engine: str) -> Hands:
    """The functions of an engine.

    Raises:
        ValueError: there is none of that name.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}; give one of {', '.join(ENGINES)}")
    return ENGINES[engine]
