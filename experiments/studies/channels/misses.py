"""Why figures of the channels experiment miss what is reported: a paragraph a figure."""

from collections.abc import Iterable

from weishang.experiments.analysis.verdicts import Verdict

MISSES = {
    "t1_moments_conv": "No source says how many open a friend's link (`visit_intercept`), and the "
    "weights of buying are fitted to buyers over reached. So what is a visit may be moved, and "
    "this figure with it, without moving a fitted one. It is a mean over visits, and so over the "
    "few campaigns that take off: these differ between worlds by more than the band is wide.",
    "t1_oa_conv": "Few campaigns start in an official account, and one that takes off outweighs "
    "all others, so the interval is wide. First come followers, who are set to trust an account "
    "less than a friend and to like its category more than others do; then come those to whom they "
    "pass it on, who hardly trust a recommender. The figure is a mixture of both by how far the "
    "offers go, and nothing in table 1 says how far that is.",
    "t1_oa_aov": "Each further item of a mall is bought with the buyer's own chance of buying the "
    "first. Buyers are those in whom this chance is high, by interest, budget and a low price, so "
    "they go on more often than the mean conversion says. The rule knows no purse that empties and "
    "no need that is met: the second item is as welcome as the first. Both would make baskets "
    "smaller; no study that we know says by how much.",
    "t1_search_conv": "Who searches wants the category for certain, which few do who are shown a "
    "post. The list then begins with the cheapest of all shops of the category, and the weight of "
    "price, which comes from a study, makes a price far below the usual hard to refuse; column "
    "`off` shows the figure with prices out of ranking and choice. And one search is one visit "
    "here. Were several shops opened for each thing that is wanted, or many searches made without "
    "a wish to buy, orders over visits would be lower by that factor.",
    "t1_search_aov": "The ranking puts low prices first, searchers prefer them again, and prices "
    "of sellers are spread as widely as `price_log_sd` says. So the price that is paid is that of "
    "the cheapest few of a category, and the lower the more people sell; column `off` shows the "
    "figure with prices out of ranking and choice. The shops of the article may be fewer, or of "
    "more even prices, or ranked by what was paid for a place; it tells none of it.",
    "t2_l3_reach": "Every stranger is level 3. A campaign with an advert, a bargain or a room gets "
    "there in any case, most of them with no more than the people whom these channels draw, some "
    "hundreds or thousands. So a mean over campaigns that get there is one over many more "
    "campaigns than among friends alone (column `off`), and most of the many are small. The "
    "reported reach would take offers that last longer than three rounds, or rooms shown to far "
    "more people than `livestream.slots`; neither has a source, and neither is tuned.",
}
"""By figure; told where the main reading is outside its band."""


def explanations(verdicts: Iterable[Verdict]) -> str:
    """A paragraph a figure whose main reading, its first, is outside the band."""
    main: dict[str, Verdict] = {}
    for verdict in verdicts:
        main.setdefault(verdict.id, verdict)
    missed = [name for name, one in main.items() if one.verdict == "outside" and name in MISSES]
    return "\n\n".join(f"Why `{name}` is missed. {MISSES[name]}" for name in missed)
