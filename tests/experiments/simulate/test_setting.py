"""Settings: the people, replicates and sizes that experiments share."""

import pytest

from weishang.experiments.simulate.setting import Setting
from weishang.model.scenario import Scenario


def test_a_setting_tells_its_sizes():
    setting = Setting.of(None, 600, 3, replicates=2, days=2, sellers=40)
    assert setting.sizes == {"users": 600, "replicates": 2, "days": 2, "num_sellers": 40}
    assert not set(setting.sizes) & set(Scenario().values())
    assert len(set(setting.replicates)) == 2


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"replicates": 1}, "replicates is 1; give at least 2, to compare pairs"),
        ({"days": 0}, "days is 0 and sellers 5; give at least 1 of each"),
        ({"sellers": 0}, "days is 1 and sellers 0; give at least 1 of each"),
        ({"users": 5}, "users is 5; give at least 100"),
    ],
)
def test_a_setting_of_impossible_sizes_is_refused(changed, told):
    sizes = {"users": 600, "seed": 3, "replicates": 2, "days": 1, "sellers": 5, **changed}
    with pytest.raises(ValueError, match=told):
        Setting.of(None, **sizes)


def test_one_replicate_is_enough_where_nothing_is_compared():
    setting = Setting.of(None, 600, 3, replicates=1, days=1, sellers=5, least=1)
    assert len(setting.replicates) == 1
    with pytest.raises(ValueError, match="replicates is 0; give at least 1"):
        Setting.of(None, 600, 3, replicates=0, days=1, sellers=5, least=1)


def test_the_markets_of_the_first_replicates_are_run():
    setting = Setting.of(None, 600, 3, replicates=2, days=1, sellers=40)
    some, every = (setting.run(Scenario(), "run", replicates) for replicates in (1, None))
    assert some.days["replicate"].tolist() == setting.replicates[:1]
    assert every.days["replicate"].tolist() == setting.replicates
    assert every.days.head(1).equals(some.days)
