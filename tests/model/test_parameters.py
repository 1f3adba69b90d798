"""A parameter is a dataclass field that says what its number is and where it comes from."""

from dataclasses import dataclass, fields

from weishang.model.parameters import parameter


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
