"""Parameters of mini-program search: who searches, how shops are ranked, which one is opened."""

from dataclasses import dataclass

from weishang.model.core.parameters import check_fields, parameter

_UNPUBLISHED = "assumption, varied: the platform does not publish its weights"


@dataclass(frozen=True)
class SearchParameters:
    """Who searches, how results are ranked, and which one is opened.

    Raises:
        ValueError: a value is no number or out of range; the field is named.
    """

    rate: float = parameter(
        48e6 / 1.289e9,
        unit="searches a person and day",
        source="reported figures t1_search_visits and mau_2022q4: visits over users, one visit a "
        "search",
        role="set",
        low=0.0335,
        high=0.0410,
    )
    own_interest: float = parameter(
        0.6,
        unit="fraction of searches",
        source="assumption, varied: the others are for any other category, a gift say",
        role="set",
        low=0.3,
        high=0.9,
    )
    results: int = parameter(
        10,
        unit="shops",
        source="assumption, varied: what is looked through before one is opened",
        role="set",
        low=5,
        high=20,
    )
    position_bias: float = parameter(
        1.0,
        unit="exponent of 1 / rank",
        source="form and value 1: Joachims, Swaminathan and Schnabel (WSDM 2017); varied",
        role="set",
        low=0.5,
        high=2.0,
    )
    price_comparison: float = parameter(
        1.0,
        unit="log odds of opening per log unit of price",
        source="assumption, varied from none to the weight of price in buying, where it tells too",
        role="set",
        low=0.0,
        high=2.6,
    )
    near: float = parameter(
        0.5,
        unit="log odds of opening a shop of one's own place",
        source="assumption, varied: it delivers sooner",
        role="set",
        low=0.0,
        high=1.5,
    )
    rank_place: float = parameter(
        1.0,
        unit="score of a shop of the searcher's place",
        source=_UNPUBLISHED,
        role="set",
        low=0.0,
        high=3.0,
    )
    rank_price: float = parameter(
        1.0,
        unit="score taken away per log unit of price",
        source=_UNPUBLISHED,
        role="set",
        low=0.0,
        high=3.0,
    )
    rank_popularity: float = parameter(
        0.5,
        unit="score per log of 1 + orders so far",
        source=_UNPUBLISHED,
        role="set",
        low=0.0,
        high=2.0,
    )

    def __post_init__(self) -> None:
        """Check each field."""
        check_fields(self, _RANGES)


_SHARE = (0.0, 1.0)
_WEIGHT = (0.0, 10.0)
_RANGES: dict[str, tuple[float, float]] = {
    "rate": _SHARE,
    "own_interest": _SHARE,
    "results": (1, 1000),
    "position_bias": _WEIGHT,
    "price_comparison": _WEIGHT,
    "near": _WEIGHT,
    "rank_place": _WEIGHT,
    "rank_price": _WEIGHT,
    "rank_popularity": _WEIGHT,
}
"""What a search can work with; the prior ranges lie inside."""
