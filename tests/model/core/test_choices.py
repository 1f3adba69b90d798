"""What may be chosen, and how sellers that have learnt nothing choose: by fixed shares.

Statistical tests refuse at p < 1e-6: that is the false-alarm rate of each.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from weishang.kernels.rng import WORD_MASK, derive
from weishang.model.core.campaigns import Channel, Tool
from weishang.model.core.choices import EVERYTHING, PLAIN, Options, draw
from weishang.model.core.streams import EXPLORE

RARE = 1e-6
WORDS = [derive(3, EXPLORE, number) for number in range(20_000)]
ALL_TOOLS = tuple(Tool)

words = st.integers(0, WORD_MASK)
subsets = st.sets(st.integers(0, 4), min_size=1).map(lambda found: tuple(sorted(found)))
shares = st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1.0)), min_size=5, max_size=5).filter(any)


@given(shares, subsets, words)
def test_only_what_is_allowed_and_has_a_share_is_drawn(parts, allowed, word):
    action = draw(parts, allowed, word)
    assert action in allowed
    if any(parts[one] for one in allowed):
        assert parts[action] > 0.0
    else:
        assert action == allowed[0]


@pytest.mark.parametrize("allowed", [(0, 1, 2, 3, 4), (0, 2, 4), (1, 2)])
def test_draws_keep_the_shares_of_what_is_allowed(allowed):
    parts = np.array([0.1, 0.4, 0.1, 0.05, 0.15])
    found = np.bincount([draw(parts.tolist(), allowed, word) for word in WORDS], minlength=5)
    left = parts[list(allowed)]
    expected = len(WORDS) * left / left.sum()
    assert found.sum() == found[list(allowed)].sum()
    assert stats.chisquare(found[list(allowed)], expected).pvalue > RARE


def test_a_rule_changes_only_the_draws_that_it_forbids():
    parts, allowed = (0.2, 0.2, 0.2, 0.2, 0.2), (0, 2, 4)
    before = [draw(parts, ALL_TOOLS, word) for word in WORDS]
    after = [draw(parts, allowed, word) for word in WORDS]
    assert all(old == new for old, new in zip(before, after, strict=True) if old in allowed)


@pytest.mark.parametrize(
    ("word", "parts", "expected"),
    [
        (0, (0.0, 0.1, 0.7, 0.1, 0.0), Tool.DISCOUNT),
        (WORD_MASK, (0.0, 0.1, 0.7, 0.1, 0.0), Tool.BARGAIN),
        # Taken away one by one, these shares leave something of their sum.
        (WORD_MASK, (0.4, 0.4, 0.2, 0.9, 0.0), Tool.BARGAIN),
    ],
)
def test_the_ends_of_the_words_are_drawn_among_shares_above_0(word, parts, expected):
    assert draw(parts, ALL_TOOLS, word) == expected


def test_all_is_allowed_or_only_what_is_plain():
    assert EVERYTHING.channels == tuple(Channel)
    assert EVERYTHING.tools == tuple(Tool)
    assert EVERYTHING.external == EVERYTHING.induced == (False, True)
    assert (PLAIN.channels, PLAIN.tools) == ((Channel.MOMENTS,), (Tool.NONE,))
    assert PLAIN.external == PLAIN.induced == (False,)


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("channels", ()),
        ("tools", (Tool.TEAM, Tool.DISCOUNT)),
        ("external", (True, False)),
        ("induced", (False, False)),
    ],
)
def test_what_is_allowed_is_something_and_in_order(name, actions):
    with pytest.raises(ValueError, match=rf"{name} is .*; give at least one action, in order"):
        Options(**{name: actions})


def test_a_plain_post_is_what_may_be_chosen_unless_more_is_given():
    assert Options() == PLAIN


def test_options_together_leave_what_either_leaves_in_order():
    one = Options(channels=(Channel.MOMENTS, Channel.ADVERT), tools=(Tool.NONE, Tool.BARGAIN))
    other = Options(tools=(Tool.DISCOUNT,), external=(True,))
    both = Options(
        (Channel.MOMENTS, Channel.ADVERT), (Tool.NONE, Tool.DISCOUNT, Tool.BARGAIN), (False, True)
    )
    assert one | other == other | one == both
    assert one | PLAIN == one
    assert both | EVERYTHING == EVERYTHING
