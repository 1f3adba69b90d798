"""Rules as tables of thresholds, and the shapes and numbers they refuse."""

import numpy as np
import pytest

from weishang.kernels import CascadeRule
from weishang.kernels.rng import CERTAIN

HALF = CERTAIN // 2


def test_absent_tables_mean_all_visit_and_none_buys_or_shares() -> None:
    tables = CascadeRule(view=[0.5]).tables(None, 3)
    assert tables.view.tolist() == [[[HALF]]]
    assert tables.visit.tolist() == [[[[CERTAIN]]]]
    assert tables.buy.tolist() == [[[[0]]]]
    assert tables.share.tolist() == [[[[[0]], [[0]], [[0]]]]]
    assert (tables.num_segments, tables.doses) == (1, 1)


def test_absent_tables_have_as_many_segments_as_the_present() -> None:
    tables = CascadeRule(view=[0.5], buy=[[0.5, 0.5, 0.5]]).tables(None, 1)
    assert tables.visit.shape == (1, 1, 3, 1)
    assert tables.share.shape == (1, 1, 3, 3, 1)
    assert tables.num_segments == 3


def test_every_axis_comes_to_its_place() -> None:
    rule = CascadeRule(
        view=np.full((5, 2, 3), 0.5),
        visit=np.full((5, 4, 6), 0.5),
        buy=np.full((5, 1, 6, 2), 0.5),
        share=np.full((5, 2, 3, 6, 2), 0.5),
        doses=2,
        per_cascade=True,
    )
    tables = rule.tables(2, 5)
    assert tables.view.shape == (5, 2, 3)
    assert tables.visit.shape == (5, 4, 6, 1)
    assert tables.buy.shape == (5, 1, 6, 2)
    assert tables.share.shape == (5, 2, 3, 6, 2)
    assert {table.dtype for table in tables[:4]} == {np.dtype(np.uint64)}


def test_a_table_with_as_many_classes_as_doses_is_read_by_its_axes() -> None:
    plain = CascadeRule(view=[1.0], buy=[[0.25, 0.5]], doses=2).tables(None, 1)
    dosed = CascadeRule(view=[1.0], buy=[[[0.25, 0.5]]], doses=2).tables(None, 1)
    assert plain.buy.tolist() == [[[[CERTAIN // 4], [HALF]]]]
    assert dosed.buy.tolist() == [[[[CERTAIN // 4, HALF]]]]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"view": 0.5}, r"view has shape \(\)"),
        ({"view": []}, r"view has shape \(0,\)"),
        ({"view": None}, "view has dtype object"),
        ({"view": "high"}, "view has dtype"),
        ({"view": np.float32([0.5])}, "view has dtype float32"),
        ({"view": [True]}, "view has dtype bool"),
        ({"view": [0.5, np.nan]}, r"view\[1\] is nan"),
        ({"view": [1.0000001]}, r"view\[0\] is 1\.0000001"),
        ({"view": np.ones((1, 1, 1))}, r"view has shape \(1, 1, 1\)"),
        ({"view": [[0.5], [0.5, 0.5]]}, "view is not a rectangular array"),
        ({"visit": [0.5]}, r"visit has shape \(1,\)"),
        ({"visit": [[-0.5]]}, r"visit\[0, 0\] is -0\.5"),
        ({"buy": np.ones((1, 0))}, r"buy has shape \(1, 0\)"),
        ({"buy": np.ones((1, 1, 2))}, r"buy has shape \(1, 1, 2\)"),
        ({"buy": np.ones((1, 1, 3)), "doses": 2}, r"buy has shape \(1, 1, 3\)"),
        ({"share": np.ones((1, 2, 1))}, r"share has shape \(1, 2, 1\)"),
        ({"share": np.ones((3, 1))}, r"share has shape \(3, 1\)"),
        ({"share": np.full((1, 3, 1), np.inf)}, r"share\[0, 0, 0\] is inf"),
        ({"visit": [[0.5]], "buy": [[0.5, 0.5]]}, "disagree on the number of segments"),
        ({"doses": 0}, "doses is 0"),
        ({"doses": 2.0}, r"doses is 2\.0"),
        ({"doses": True}, "doses is True"),
        ({"per_cascade": True}, r"view has shape \(1,\)"),
        ({"view": [[0.5]], "buy": [[0.5]], "per_cascade": True}, r"buy has shape \(1, 1\)"),
    ],
)
def test_a_rule_names_its_fault_when_it_is_made(tables: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CascadeRule(**{"view": [0.5], **tables})


@pytest.mark.parametrize(
    ("rule", "num_layers", "num_cascades", "message"),
    [
        (CascadeRule(view=[[0.5], [0.5]]), None, 1, r"view has shape \(2, 1\)"),
        (CascadeRule(view=[[0.5], [0.5]]), 3, 1, "view has 2 rows of layers .* 3 layers"),
        (CascadeRule(view=[0.5]), 1, 1, r"view has shape \(1,\)"),
        (CascadeRule(view=[[0.5]] * 2, per_cascade=True), None, 3, r"\[C, H\] .*C = 3"),
        (
            CascadeRule(view=[[0.5]] * 2, buy=np.ones((3, 1, 1)), per_cascade=True),
            None,
            2,
            r"buy has shape \(3, 1, 1\)",
        ),
    ],
)
def test_a_rule_names_what_does_not_fit_the_call(
    rule: CascadeRule, num_layers: int | None, num_cascades: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rule.tables(num_layers, num_cascades)
