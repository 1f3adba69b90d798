"""What every column means in the results of reach, with its unit."""

from weishang.experiments.analysis import codebook, prior
from weishang.experiments.simulate.campaign_rows import LEVELS, MEASURES
from weishang.experiments.simulate.codebook import CAMPAIGNS, PARAMETERS
from weishang.experiments.storage.codebook import Entry
from weishang.experiments.studies.reach.estimands import ESTIMANDS

_SHARED = (
    "replicate",
    "campaign",
    "seller",
    "price",
    "rich",
    "shareability",
    *(f"{measure}_{level}" for measure in MEASURES for level in LEVELS),
)
TABLES: dict[str, dict[str, Entry]] = {
    "campaigns": {
        **{name: CAMPAIGNS[name] for name in _SHARED},
        **{
            f"buyers_{level}": ("people", f"who ordered at reported level {level}")
            for level in LEVELS
        },
        "friends": ("people", "friends of the seller"),
        "category": ("id", "interest that the goods serve"),
        "system_reach": ("people", "whom the platform shows the offer"),
        "system_visitors": ("people", "of these, who opened the link"),
        "system_buyers": ("people", "of these, who ordered"),
    },
    "prior": {prior.column(one.figure, one.reading): codebook.DRAWN for one in ESTIMANDS},
    "estimands": {
        **codebook.ESTIMANDS,
        "value": ("of the figure", "simulated, all replicates together"),
        "ci_low": ("of the figure", "lower end of the 95% interval, bootstrap over campaigns"),
        "shareability_off": ("of the figure", "when campaigns do not differ in shareability"),
        "null": (
            "of the figure",
            "by arithmetic on what is fitted and set; empty where none gives it",
        ),
    },
    "take_off": {
        "level": ("number", "reported level: steps from friend to friend, 3 for three and more"),
        "share_of_campaigns": ("fraction", "that reach somebody there"),
        "median_reach_there": ("people a campaign", "median over those that get there"),
        "largest_reach": ("people a campaign", "of the campaign that reaches most there"),
    },
    "hops": {
        "hops": ("rounds of sharing", "while an offer lasts"),
        **{
            f"{one.figure}, {one.reading}": ("of the figure", "the figure in this reading")
            for one in ESTIMANDS
        },
    },
    "weights": {
        "weight": ("name", "of the rule of decision"),
        "value": ("log odds; view: fraction", "fitted; the default on a graph of one's own"),
        "low": ("log odds; view: fraction", "lower end of the bracket that is searched"),
        "high": ("log odds; view: fraction", "upper end of it"),
        "figure": ("id", "of the reported figure that it is fitted to"),
        "target": ("of the figure", "reported point, or the middle of its range"),
        "reached": ("of the figure", "simulated with the fitted weights"),
        "rounds": ("rounds", "over all weights"),
        "evaluations": ("values", "of this weight that were tried"),
        "found": ("yes or no", "the figure is met"),
    },
    "society": {
        "measure": (
            "name",
            "users; mean, median, 90% and 99% quantile of the number of friends; friends of a "
            "friend, the mean over ties; friends' friends, the mean over users; local clustering "
            "of users with about 100 friends; ties of the same interest, their share by chance, "
            "homophily",
        ),
        "value": ("people; clustering, interest and homophily: fraction", "of the measure"),
    },
    "parameters": PARAMETERS,
}
"""Columns by file."""
