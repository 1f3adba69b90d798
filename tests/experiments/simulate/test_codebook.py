"""Every indicator of a market is described by its own unit and meaning."""

from weishang.experiments.simulate.codebook import DAYS
from weishang.model.market.indicators import DAILY


def test_days_have_every_indicator():
    assert {item.name: (item.unit, item.meaning) for item in DAILY}.items() <= DAYS.items()
