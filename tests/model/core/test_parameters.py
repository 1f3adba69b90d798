"""A parameter is a dataclass field that says what its number is; its range can be checked."""

from dataclasses import dataclass, fields

import numpy as np
import pytest

from weishang.model.core.parameters import check_fields, check_number, parameter


@dataclass(frozen=True)
class Weather:
    warmth: float = parameter(
        20.0, unit="degrees", source="a thermometer", role="set", low=-5.0, high=35.0
    )


def test_a_parameter_has_a_default_and_can_be_given():
    assert Weather().warmth == 20.0
    assert Weather(warmth=3.0).warmth == 3.0


def test_unit_source_role_and_range_stand_beside_the_number():
    (warmth,) = fields(Weather)
    assert dict(warmth.metadata) == {
        "unit": "degrees",
        "source": "a thermometer",
        "role": "set",
        "low": -5.0,
        "high": 35.0,
    }


@dataclass(frozen=True)
class Forecast:
    warmth: float = 20.0
    days: int = 3
    certain: bool = False
    places: tuple[str, ...] = ()

    def __post_init__(self):
        check_fields(self, {"warmth": (-50.0, 50.0), "days": (1, 14)})


def test_numbers_in_range_are_taken_and_other_fields_left_alone():
    assert Forecast(-50.0, 14, True, ("here",)).days == 14
    assert Forecast(warmth=20).warmth == 20


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("warmth", 50.5, r"warmth is 50.5; give a number in \[-50.0, 50.0\]"),
        ("warmth", float("nan"), "warmth is nan; give a number"),
        ("warmth", True, "warmth is True; give a number"),
        ("warmth", "20", "warmth is '20'; give a number"),
        ("days", 0, r"days is 0; give an integer in \[1, 14\]"),
        ("days", 2.0, r"days is 2.0; give an integer"),
    ],
)
def test_a_number_out_of_range_is_named(name, value, message):
    with pytest.raises(ValueError, match=message):
        Forecast(**{name: value})


def test_a_number_without_a_range_is_an_error():
    with pytest.raises(KeyError, match="days"):
        check_fields(Forecast(), {"warmth": (-50.0, 50.0)})


def test_numbers_of_numpy_are_numbers():
    check_number("share", np.float64(0.5), 0.0, 1.0, integer=False)
    check_number("size", np.int64(5), 0, 5, integer=True)
    with pytest.raises(ValueError, match="size is"):
        check_number("size", np.float64(5.0), 0, 5, integer=True)
