"""Tables of search: shops have to be of the society that searches."""

from dataclasses import replace

import numpy as np
import pytest

from weishang.model.core.decision import LogisticRule
from weishang.model.core.weights import Budgets, DecisionWeights
from weishang.model.mechanisms.search.parameters import SearchParameters
from weishang.model.mechanisms.search.tables import tabulate


def test_shops_of_another_society_are_refused(townspeople, shops_of):
    society = townspeople()
    shops = shops_of(society, 2, 1)

    def look_up(shops):
        return tabulate(
            society, shops, SearchParameters(), LogisticRule(DecisionWeights(), Budgets()), False
        )

    with pytest.raises(ValueError, match=r"node of shops goes from 0 to 600; it lies in \[0, 600"):
        look_up(replace(shops, node=np.array([0, 600], dtype=np.int32)))
    with pytest.raises(ValueError, match="category of shops goes from 0 to 3"):
        look_up(replace(shops, category=np.array([0, 3], dtype=np.int8)))
