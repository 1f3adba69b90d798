"""What every column means in the results of market_speed, with its unit."""

from weishang.experiments.storage.codebook import PLACE_AND_TIME, Entry

TABLES: dict[str, dict[str, Entry]] = {
    "claims": {
        "claim": ("text", "what is measured, and its unit"),
        "measured": ("of the claim", "at the default activity"),
        "at_most": ("of the claim", "the bar, fixed before the measurement"),
        "met": ("yes or no", "measured is not above the bar"),
    },
    "days": {
        "activity": ("fraction", "probability that a seller starts a campaign on a day"),
        "day": PLACE_AND_TIME["day"],
        "campaigns": ("campaigns", "that start on that day"),
        "reached": ("people", "by all campaigns of the day, each once a campaign"),
        "seconds": ("seconds", "wall time of the day"),
        "peak_gb": ("GB of 10^9 bytes", "resident memory of the process at its peak so far"),
    },
    "profile": {
        "stage": ("name", "of the day"),
        "seconds_a_day": ("seconds", "mean over days, under cProfile"),
        "share": ("fraction", "of the day's time"),
    },
}
"""Columns by file."""
