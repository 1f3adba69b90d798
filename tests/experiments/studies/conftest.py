"""What tests of studies share: a command line that refuses its input."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from weishang.experiments.console.command import run


@pytest.fixture
def refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a study with bad input: exit code 2 and nothing written; gives the last line told."""

    def refused(study: Callable[..., None], *arguments: str) -> str:
        before = sorted(tmp_path.rglob("*"))
        command = [study.__name__, *arguments, "--out", str(tmp_path / "out")]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as stopped:
            run(study)
        written = capsys.readouterr()
        assert stopped.value.code == 2
        assert written.out == ""
        left = [path for path in sorted(tmp_path.rglob("*")) if path != tmp_path / "out"]
        assert left == before
        return written.err.splitlines()[-1]

    return refused
