"""Campaigns: offers side by side, in their order, each column of its own type."""

from dataclasses import asdict, fields

import numpy as np

from weishang.model.core.campaigns import Campaigns, Offer, campaign_id

OFFERS = [
    Offer(campaign=(1 << 64) - 1, seller=4, category=2, price=0.5, rich=True, shareability=-1.5),
    Offer(campaign=3, seller=9, category=0, price=2.0, rich=False, shareability=0.25),
    Offer(campaign=8, seller=1, category=1, price=1.0, rich=True, shareability=2.0),
]
DTYPES = {
    "campaign": np.uint64,
    "seller": np.int32,
    "category": np.int32,
    "price": np.float64,
    "rich": np.bool_,
    "shareability": np.float64,
    "channel": np.int8,
    "tool": np.int8,
    "external": np.bool_,
    "induced": np.bool_,
}


def as_offers(campaigns):
    columns = [getattr(campaigns, item.name).tolist() for item in fields(Offer)]
    return [Offer(*values) for values in zip(*columns, strict=True)]


def test_offers_keep_their_order_and_values():
    campaigns = Campaigns.from_offers(OFFERS)
    assert len(campaigns) == 3
    assert as_offers(campaigns) == OFFERS
    assert {name: getattr(campaigns, name).dtype for name in asdict(OFFERS[0])} == DTYPES


def test_a_day_without_offers_has_typed_columns_too():
    campaigns = Campaigns.from_offers([])
    assert len(campaigns) == 0
    assert {name: getattr(campaigns, name).dtype for name in DTYPES} == DTYPES


def test_campaigns_of_other_sellers_and_days_have_other_ids():
    pairs = [(day, seller) for day in (0, 1, 2**20) for seller in (0, 7, 2**31 - 1)]
    ids = [campaign_id(day, seller) for day, seller in pairs]
    assert len(set(ids)) == len(pairs)
    days, sellers = np.array(pairs, dtype=np.uint64).T
    found = campaign_id(days, sellers)
    assert found.dtype == np.uint64
    assert found.tolist() == ids
