"""JSON files from strangers: read with bounds, and as the standard has it."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

MOST_BYTES = 6 << 20
"""Of a file; what is read takes some 30 times that in memory."""
DEEPEST = 64
"""Lists and mappings within each other."""


def read(path: Path, most_bytes: int = MOST_BYTES) -> Any:
    """Read what a JSON file says.

    Args:
        path: of the file.
        most_bytes: larger files are refused before they are read.

    Raises:
        ValueError: it is missing, no regular file, too large, no UTF-8, no JSON; it nests too
            deeply, holds NaN or an infinity, or says a name twice. The message names the file.
    """
    if not path.is_file():
        raise ValueError(f"{path}: is missing, or no regular file; run again, or give a JSON file")
    size = path.stat().st_size
    if size > most_bytes:
        raise ValueError(f"{path}: has {size:,} bytes; up to {most_bytes:,} are read")
    try:
        value = json.loads(
            path.read_bytes().decode("utf-8"),
            object_pairs_hook=_mapping,
            parse_constant=_refuse,
            parse_float=_finite,
        )
        _check_depth(value)
    except RecursionError:
        raise ValueError(f"{path}: nests more than {DEEPEST} deep; make it flatter") from None
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        told = str(error).partition("\n")[0][:100]
        raise ValueError(f"{path}: is broken: {told}") from None
    return value


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise ValueError(f"{twice[:40]!r} stands twice; give it once")
    return mapping


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is larger than a number can be")
    return value


def _check_depth(value: Any) -> None:
    """Level by level, so that no nesting is too deep for the check itself."""
    level = [value]
    for _ in range(DEEPEST + 2):
        if not level:
            return
        level = [item for one in level for item in _items(one)]
    raise RecursionError


def _items(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
