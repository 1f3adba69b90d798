"""Ranges held against each other."""

from math import inf, isnan

import pytest

from weishang.experiments.studies.audit.comparison import Comparison, Span, findings


def compare(a, b, **options):
    words = {"id": "pair", "claim_a": "a", "claim_b": "b", "arithmetic": "1 + 1"}
    return Comparison(**{**words, "a": a, "b": b, **options})


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        (Span.at(6), Span.at(3), 2),
        (Span.at(3), Span.at(6), 0.5),
        (Span.at(3), Span.at(3), 1),
        (Span(1, 4), Span(3, 6), 1),
        (Span(8, 9), Span(2, 4), 2),
        (Span(1, 2), Span(4, 9), 0.5),
        (Span(1, 2), Span(4, inf), 0.5),
        (Span(501, inf), Span(0, 500), 501 / 500),
    ],
)
def test_ratio_is_of_the_nearest_ends(one, other, ratio):
    assert one.over(other) == ratio
    assert one.meets(other) == other.meets(one) == (ratio == 1)


def test_nothing_is_a_multiple_of_zero():
    assert isnan(Span.at(3).over(Span.at(0)))


def test_reported_figures_as_given_and_as_bands():
    assert Span.reported("l1_conv") == Span.at(0.127)
    assert Span.reported("t2_l3_reach") == Span(50_000, inf)
    assert Span.band("t2_l2_reach") == Span(3_000, 5_000)
    assert Span.reported("t2_l3_reach").middle == 50_000
    assert Span.reported("t2_l1_reach").middle == 175


def test_a_reported_point_is_met_within_its_band():
    assert compare(Span.at(0.138), "l1_conv").agrees
    assert not compare(Span.at(0.141), "l1_conv").agrees


def test_the_finding_is_one_an_id_over_its_readings():
    near, far = Span.at(1), Span.at(9)
    table = findings(
        [
            compare(near, near, id="same"),
            compare(near, far, id="other"),
            compare(near, near, id="both", reading="one"),
            compare(near, far, id="both", reading="two"),
        ]
    )
    assert table["finding"].tolist() == ["consistent", "conflict", "ambiguous", "ambiguous"]


def test_arithmetic_ends_with_what_it_is_held_against():
    row = compare(Span.at(2), Span(3, inf)).row()
    assert row["arithmetic"] == "1 + 1, against 3 or more"
    assert compare(Span.at(2), "l1_conv").row()["arithmetic"] == "1 + 1, against 0.127"
