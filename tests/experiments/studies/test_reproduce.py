"""`reproduce`, with light experiments in place of the heavy ones."""

from weishang.experiments.analysis import verdicts
from weishang.experiments.analysis.verdicts import Verdict
from weishang.experiments.storage import manifest
from weishang.experiments.studies import reproduce


def test_reproduce_runs_all_in_order_and_prints_the_verdicts(monkeypatch, tmp_path, capsys):
    ran = []

    def light(name):
        def experiment(graph, users, seed, out):
            ran.append((name, graph, users, seed, out))
            verdicts.update(out, name, [Verdict("l1_conv", "fitted", name, 0.12, 0.11, 0.13)])

        return experiment

    names = [experiment.__name__ for experiment in reproduce.ON_A_SOCIETY]
    assert names == ["reach", "nulls", "channels", "tools", "livestream", "policies"]
    monkeypatch.setattr(reproduce, "ON_A_SOCIETY", tuple(map(light, names)))
    reproduce.reproduce(graph=None, users=100, seed=7, out=tmp_path)
    assert ran == [(name, None, 100, 7, tmp_path) for name in names]
    manifest.verify(tmp_path / "audit")
    told = capsys.readouterr().out
    assert "l1_conv" in told
    assert "0.11 .. 0.13" in told
    assert "inside" in told
