"""What tests of scenario files share: files written, and the message of their faults."""

from collections.abc import Callable
from pathlib import Path

import pytest

from weishang.experiments.scenario.scenario_file import load


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a scenario file; gives its path."""

    def write(text: str | bytes, name: str = "a.toml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture(scope="session")
def told() -> Callable[[Path], str]:
    """The message of a file's faults, with the folder's name left out."""

    def told(path: Path) -> str:
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - the callers look at the message
            load(path)
        return str(caught.value).replace(f"{path.parent}/", "")

    return told
