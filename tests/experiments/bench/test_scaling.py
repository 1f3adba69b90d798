"""Cost against size: whole cascades, counted to the person, and the machine's caches."""

import pytest

from weishang.experiments.bench import scaling


def test_sizes_are_checked_timed_and_told() -> None:
    done = []
    table = scaling.measure_sizes((800, 4_000), 0.002, 3, 1, lambda: done.append(1))
    assert len(done) == 2
    assert table["nodes"].tolist() == [800, 4_000]
    assert table["edges"].tolist() == [8_000, 40_000]
    assert table["graph_bytes"].tolist() == [801 * 8 + 8_000 * 4, 4_001 * 8 + 40_000 * 4]
    assert (table["min"] <= table["median"]).all()
    assert (table["median"] <= table["max"]).all()
    assert (table["bound"] > 0).all()
    assert (table["bound"] < table["median"]).all()
    assert table["share_reached"].tolist() == pytest.approx([0.53, 0.53], abs=0.05)


def test_backends_that_differ_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def differ(*arguments: object) -> None:
        raise RuntimeError("backends differ")

    monkeypatch.setattr(scaling, "check_exact", differ)
    with pytest.raises(RuntimeError, match="backends differ"):
        scaling.measure_sizes((800,), 0.002, 3, 1, lambda: None)


def test_caches_are_those_of_data(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, (level, kind, size) in enumerate(
        [("1", "Data", "32K"), ("1", "Instruction", "32K"), ("3", "Unified", "16M")]
    ):
        folder = tmp_path / f"index{number}"
        folder.mkdir()
        for name, value in (("level", level), ("type", kind), ("size", size)):
            (folder / name).write_text(f"{value}\n")
    monkeypatch.setattr(scaling, "CACHES", tmp_path)
    assert scaling.data_caches().to_numpy().tolist() == [[1, 32 << 10], [3, 16 << 20]]
    monkeypatch.setattr(scaling, "CACHES", tmp_path / "absent")
    assert scaling.data_caches().empty
