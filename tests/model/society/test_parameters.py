"""Parameters of a society: what is out of range is refused by name."""

from dataclasses import fields

import pytest

from weishang.model.society.parameters import SocietyParameters


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mean_friends", 1.0),
        ("mean_friends", 5000.0),
        ("mean_friends", float("nan")),
        ("mean_friends", "155"),
        ("friends_log_sd", 0.0),
        ("friends_log_sd", float("inf")),
        ("max_friends", 500.5),
        ("family_share", -0.1),
        ("school_share", 1.1),
        ("work_share", None),
        ("community_share", 2.0),
        ("family_size", 0.0),
        ("school_size", -5.0),
        ("work_size", float("nan")),
        ("community_size", 1e9),
        ("homophily", 1.5),
        ("num_interests", 0),
        ("num_interests", 128),
        ("num_interests", True),
        ("num_budgets", 2.5),
        ("num_places", 0),
        ("num_places", 1001),
    ],
)
def test_bad_parameter_is_named_with_its_value(field, value):
    with pytest.raises(ValueError, match=f"^{field} is {value!r}; give"):
        SocietyParameters(**{field: value})


def test_every_parameter_says_what_it_is():
    for item in fields(SocietyParameters):
        assert item.metadata["unit"]
        assert item.metadata["source"]
        assert item.metadata["role"] == "set"
        for end in ("low", "high"):
            SocietyParameters(**{item.name: item.metadata[end]})
        assert item.metadata["low"] <= item.default <= item.metadata["high"]
