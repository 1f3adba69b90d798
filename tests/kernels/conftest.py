"""What the kernels' tests share: the graphs kept beside the checkout."""

from collections.abc import Callable
from pathlib import Path

import pytest

SHARED_GRAPHS = Path(__file__).parents[3] / "shared" / "graphs"


@pytest.fixture(scope="session")
def shared_graph() -> Callable[[str], Path]:
    """Path of a public graph by name; skips where the folder is absent."""

    def find(name: str) -> Path:
        path = SHARED_GRAPHS / name
        if not path.is_file():
            pytest.skip(f"{name} is not in ../shared/graphs")
        return path

    return find
