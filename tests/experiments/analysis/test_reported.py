"""The reported figures: complete, unchanged, and with the bands that were fixed."""

import csv
from pathlib import Path

import pytest

from weishang.experiments.analysis import reported

SOURCE = Path(__file__).resolve().parents[4] / "shared" / "reported" / "figures.csv"
ROLES = {"set", "fitted", "implied", "predicted", "not modelled"}


@pytest.mark.skipif(not SOURCE.exists(), reason="the list of figures is not beside the project")
def test_every_figure_is_there_unchanged_and_in_order():
    with SOURCE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == list(reported.figures())
    for row in rows:
        figure = reported.figure(row["id"])
        for name in ("value", "low", "high", "band_low", "band_high"):
            expected = float(row[name]) if row[name] else None
            assert getattr(figure, name) == expected, (row["id"], name)
        # The list has an older word for what the project calls predicted.
        plan = {"comes out": "predicted"}.get(row["plan"], row["plan"])
        assert (figure.unit, figure.plan, figure.section) == (
            row["unit"],
            plan,
            int(row["section"]),
        )


def test_points_have_bands_of_ten_percent_and_ranges_their_own():
    for figure in reported.figures().values():
        if figure.value is not None:
            assert figure.band_low == pytest.approx(0.9 * figure.value), figure.id
            assert figure.band_high == pytest.approx(1.1 * figure.value), figure.id
        else:
            assert (figure.band_low, figure.band_high) == (figure.low, figure.high), figure.id


def test_every_figure_has_words_a_unit_and_a_role():
    for figure in reported.figures().values():
        assert figure.quantity
        assert figure.unit
        assert figure.plan in ROLES


def test_bands_hold_their_ends_and_open_ends_everything_beyond():
    level3, level2 = reported.figure("t2_l3_reach"), reported.figure("t2_l2_reach")
    assert level3.holds(50_000)
    assert level3.holds(1e12)
    assert not level3.holds(49_999)
    assert level2.holds(3000)
    assert level2.holds(5000)
    assert not level2.holds(5001)


def test_ranges_have_no_point_and_unknown_ids_are_named():
    with pytest.raises(ValueError, match="t2_l2_reach is a range"):
        reported.figure("t2_l2_reach").point()
    with pytest.raises(ValueError, match="'t2_l4_reach'"):
        reported.figure("t2_l4_reach")
