"""Every figure that is missed is explained, and no other."""

from weishang.experiments.analysis.verdicts import Verdict
from weishang.experiments.studies.channels.judgement import COMES_OUT
from weishang.experiments.studies.channels.misses import MISSES, explanations


def verdict(name, value, reading="main", judged=True):
    return Verdict(
        id=name, role="implied", reading=reading, simulated=value, why="so", judged=judged
    )


def test_every_figure_that_could_miss_has_its_paragraph():
    assert set(MISSES) == set(COMES_OUT)


def test_a_paragraph_a_miss_of_the_main_reading():
    told = explanations(
        [
            verdict("t1_search_conv", 0.4),
            verdict("t1_oa_conv", 0.065),
            verdict("t1_oa_conv", 0.4, reading="another"),
            verdict("t1_search_aov", 80.0),
            verdict("t1_search_aov", 150.0, reading="another"),
        ]
    )
    assert told.split("\n\n") == [
        f"Why `{name}` is missed. {MISSES[name]}" for name in ("t1_search_conv", "t1_search_aov")
    ]


def test_nothing_is_missed_where_nothing_is_judged():
    assert explanations([verdict("t1_search_conv", 0.4, judged=False)]) == ""
    assert explanations([verdict("t1_moments_conv", 0.08)]) == ""
