"""What every column of `inference.estimates` and of a prior predictive means, with its unit."""

from weishang.experiments.storage.codebook import Entry

ESTIMANDS: dict[str, Entry] = {
    "figure": ("id", "of the reported figure"),
    "reading": ("text", "what is counted, over whom"),
    "value": ("of the figure", "simulated, all replicates and days together"),
    "ci_low": ("of the figure", "lower end of the 95% interval, bootstrap over campaigns or days"),
    "ci_high": ("of the figure", "upper end of it"),
    "prior_low": ("of the figure", "5% of the prior predictive"),
    "prior_high": ("of the figure", "95% of the prior predictive"),
    "reported_low": ("of the figure", "lower end of the reported band"),
    "reported_high": ("of the figure", "upper end of it; empty where open"),
}
DRAWN: Entry = ("of the figure", "the figure in this reading; a row a draw from the prior ranges")
"""Every column of a prior predictive, which names figure and reading."""
