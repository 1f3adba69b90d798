"""Models of a sweep file: names of folders, and what must be there."""

import pytest

from weishang.experiments.sweep.spec.schema import LONGEST_NAME, WANTED, SweepModel, name


@pytest.mark.parametrize("good", ["a", "0", "trust-2_b", "x" * LONGEST_NAME])
def test_a_name_that_can_be_a_folders_is_taken(good):
    assert name(good) == good


@pytest.mark.parametrize(
    "bad",
    ["", ".", "..", "a/b", "-a", "_a", ".a", "A", "a b", "a\n", "é", "x" * (LONGEST_NAME + 1)],
)
def test_any_other_name_is_refused(bad):
    with pytest.raises(ValueError, match="give at most 64 of a-z"):
        name(bad)


def test_every_key_that_must_be_there_is_explained():
    assert set(WANTED) == {
        key for key, field in SweepModel.model_fields.items() if field.is_required()
    }
