"""How every figure looks and is saved: one style, labelled axes, the same bytes each time."""

from pathlib import Path
from typing import Any

import matplotlib

# Otherwise the first figure that is saved would wait for them.
import matplotlib.backends.backend_agg
import matplotlib.backends.backend_pdf
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure

# Okabe and Ito (2008), "Color universal design": told apart with any colour vision.
BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#BBBBBB"
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK, YELLOW)

BAND_ALPHA = 0.6
OPEN_END = 1e6
"""Where an open band of people reached ends on paper."""

WIDTH = 6.3
"""Inches: the text width of an A4 page with the usual margins."""

STYLE: dict[str, Any] = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.dpi": 100,
    "font.size": 9,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
}


def canvas(rows: int = 1, columns: int = 1, height: float = 3.2, **options: Any) -> Any:
    """An empty figure and its axes, as `plt.subplots` gives them but with no global state.

    Args:
        rows: of axes.
        columns: of axes.
        height: inches.
        options: of `Figure.subplots` (sharex, width_ratios, ..).

    Returns:
        (Figure, Axes), or (Figure, array of Axes) when there are several.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def reported_band(axes: Any, at: float, low: float, high: float | None, half: float) -> None:
    """Shade what is reported around a position; an open end goes to OPEN_END."""
    top = OPEN_END if high is None or np.isnan(high) else high
    axes.fill_between([at - half, at + half], low, top, color=GREY, alpha=BAND_ALPHA)


def reported_legend(axes: Any, label: str = "reported") -> None:
    """Give the shade of `reported_band` its entry in the legend."""
    axes.plot([], [], "s", color=GREY, markersize=8, label=label)


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write PDF and PNG without dates or versions in them, so that equal figures are equal files.

    Raises:
        ValueError: an axis has no label; a label says the quantity and its unit.
    """
    check_labels(figure)
    paths = [stem.with_name(f"{stem.name}.pdf"), stem.with_name(f"{stem.name}.png")]
    no_trace = ({"CreationDate": None, "Creator": None, "Producer": None}, {"Software": None})
    for path, metadata in zip(paths, no_trace, strict=True):
        figure.savefig(path, metadata=metadata)
    return paths


def styled() -> Any:
    """The house style, as a context: draw and save inside it."""
    settings: dict[Any, Any] = dict(matplotlib.rcParamsDefault)
    settings.update(STYLE, backend="agg")
    return matplotlib.rc_context(settings)


def check_labels(figure: Figure) -> None:
    """Refuse a figure with an axis that no label explains; axes that are shared need one.

    Raises:
        ValueError: an axis has no label.
    """
    for number, axes in enumerate(figure.axes):
        for name, siblings in (
            ("x", axes.get_shared_x_axes().get_siblings(axes)),
            ("y", axes.get_shared_y_axes().get_siblings(axes)),
        ):
            if not any(getattr(one, f"get_{name}label")() for one in siblings):
                raise ValueError(
                    f"axes {number} has no {name} label; give the quantity and its unit"
                )


def dodge(positions: Any, count: int, width: float = 0.6) -> list[Any]:
    """Positions of `count` marks side by side around each of `positions`."""
    offsets = (np.arange(count) - (count - 1) / 2) * width / max(count, 1)
    return [np.asarray(positions, dtype=float) + offset for offset in offsets]
