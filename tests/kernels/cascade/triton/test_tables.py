"""What the GPU kernels read of a rule: tables of one number need no word, rows find their own."""

import numpy as np
import pytest
import torch

pytest.importorskip("triton")

from weishang.kernels import CascadeRule, Graph, rng
from weishang.kernels.cascade.core.task import Task, check
from weishang.kernels.cascade.triton.kernels.decide import (
    ALWAYS,
    DOSES,
    DRAWN,
    LEVELS,
    MODE,
    NEVER,
    PLACES,
    ROW_STRIDE,
)
from weishang.kernels.cascade.triton.tables import Tables, bytes_of_row
from weishang.kernels.rng import Purpose

PAIR = Graph.from_edges([0], [1])
CPU = torch.device("cpu")


def a_task(rule: CascadeRule, cascades: list[int], layers: int = 1) -> Task:
    return check([PAIR] * layers, rule, [0], cascades, 2026, None, [0, 1], "counts")


def layout(tables: Tables, place: int) -> list[int]:
    fields = MODE, ROW_STRIDE, LEVELS, PLACES, DOSES
    return [int(tables.layouts[place, field.value]) for field in fields]


def test_a_table_of_one_number_is_told_apart() -> None:
    share = np.ones((2, 3, 2, 4))
    task = a_task(CascadeRule([[0.5]], visit=[[0.0, 2.0**-33]], share=share, doses=4), [0])
    tables = Tables.of(task, CPU)
    assert layout(tables, 0) == [DRAWN.value, 0, 1, 2, 1]
    assert layout(tables, 1) == [NEVER.value, 0, 1, task.tables.buy.shape[2], 1]
    assert layout(tables, 2) == [ALWAYS.value, 0, 2, 6, 4]


def test_almost_certain_is_drawn() -> None:
    visit = np.ones((3, 2))
    visit[2, 1] = 1.0 - 2.0**-32
    tables = Tables.of(a_task(CascadeRule([[0.5]], visit=visit), [0]), CPU)
    assert layout(tables, 0) == [DRAWN.value, 0, 3, 2, 1]


def test_cascades_with_tables_of_their_own_are_a_stride_apart() -> None:
    numbers = np.random.default_rng(1).random((3, 2, 5))
    rule = CascadeRule(numbers, visit=numbers[:, :, :2], per_cascade=True)
    task = a_task(rule, [7, 8, 2**64 - 1], layers=2)
    tables = Tables.of(task, CPU)
    assert layout(tables, 0) == [DRAWN.value, 4, 2, 2, 1]
    assert tables.view_stride == 10
    for row, layer, hop in np.ndindex(3, 2, 9):
        place = row * tables.view_stride + tables.view_at(layer, hop + 1)
        expected = rng.threshold(numbers[row, layer, min(hop, 4)])
        assert int(tables.view.view(-1)[place]) == int(expected)
    assert bytes_of_row(task) == 8 * (2 * 5 + 2 * 2) + 8 * (2 + 2 + 3)


def test_words_are_those_of_the_contract() -> None:
    ids = [0, 3, 2**63, 2**64 - 1]
    tables = Tables.of(a_task(CascadeRule([[0.5], [0.5]]), ids, layers=2), CPU)
    for row, cascade in enumerate(ids):
        for layer in range(2):
            for words, purpose in (
                (tables.view_words, Purpose.VIEW),
                (tables.weight_words, Purpose.WEIGHT),
            ):
                assert unsigned(words[layer, row]) == rng.derive(2026, purpose, layer, cascade)
        for place, purpose in enumerate((Purpose.VISIT, Purpose.BUY, Purpose.SHARE)):
            assert unsigned(tables.words[place, row]) == rng.derive(2026, purpose, cascade)


def unsigned(word: torch.Tensor) -> int:
    return int(word) & rng.WORD_MASK
