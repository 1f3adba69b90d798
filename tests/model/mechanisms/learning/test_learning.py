"""How sellers choose: shares are kept, rules are obeyed, and what earns more is found.

Statistical tests refuse at p < 1e-6: that is the false-alarm rate of each.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from weishang.kernels.rng import WORD_MASK, child, derive
from weishang.model.core.campaigns import Tool
from weishang.model.core.choices import Decision
from weishang.model.core.streams import EXPLORE, fraction
from weishang.model.mechanisms.learning import Learning, LearningParameters, ProfitLearner

RARE = 1e-6
WORDS = [derive(3, EXPLORE, number) for number in range(20_000)]
ALL_TOOLS = tuple(Tool)

words = st.integers(0, WORD_MASK)
subsets = st.sets(st.integers(0, 4), min_size=1).map(lambda found: tuple(sorted(found)))


def learner_of(epsilon=0.0, initial_value=0.0):
    return ProfitLearner(LearningParameters(epsilon=epsilon, initial_value=initial_value))


def knowing(values, epsilon=0.0):
    """A learner that knows these values of the five tools."""
    learner = learner_of(epsilon)
    for tool, value in enumerate(values):
        learner.learn([0, 0, 0, tool, 0, 0], value)
    return learner


def test_values_are_means_of_the_profits_and_what_is_untried_keeps_its_own():
    learner = learner_of(initial_value=7.0)
    learner.learn([1, 0, 2, 4, 0, 1], 3.0)
    learner.learn([1, 1, 0, 4, 0, 1], -5.0)
    assert learner.values[Decision.PRICE] == [7.0, -1.0, 7.0, 7.0, 7.0]
    assert learner.values[Decision.CONTENT] == [3.0, -5.0]
    assert learner.values[Decision.CHANNEL] == [-5.0, 7.0, 3.0]
    assert learner.values[Decision.TOOL] == [7.0, 7.0, 7.0, 7.0, -1.0]
    assert learner.values[Decision.EXTERNAL] == [-1.0, 7.0]
    assert learner.tries[Decision.INDUCED] == [0, 2]
    assert learner.campaigns == 2


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_a_value_is_the_sample_average(profits):
    learner = learner_of(initial_value=11.0)
    for profit in profits:
        learner.learn([0, 0, 0, 0, 0, 0], profit)
    found = learner.values[Decision.TOOL][0]
    assert math.isclose(found, sum(profits) / len(profits), rel_tol=1e-9, abs_tol=1e-6)


def test_without_exploring_the_best_allowed_action_is_taken():
    learner = knowing([1.0, 5.0, 3.0, 4.0, 2.0])
    for word in WORDS[:50]:
        assert learner.choose(Decision.TOOL, ALL_TOOLS, word) == Tool.DISCOUNT
        without = (Tool.NONE, Tool.BARGAIN, Tool.LIVESTREAM)
        assert learner.choose(Decision.TOOL, without, word) == Tool.BARGAIN


def test_the_first_of_equally_good_actions_is_taken():
    learner = knowing([1.0, 5.0, 3.0, 5.0, 5.0])
    assert learner.choose(Decision.TOOL, ALL_TOOLS, WORDS[0]) == Tool.DISCOUNT
    without = (Tool.TEAM, Tool.BARGAIN, Tool.LIVESTREAM)
    assert learner.choose(Decision.TOOL, without, WORDS[0]) == Tool.BARGAIN


def test_a_high_initial_value_makes_sellers_try_everything_first():
    learner = learner_of(initial_value=100.0)
    tried = []
    for word in WORDS[:5]:
        tried.append(learner.choose(Decision.TOOL, ALL_TOOLS, word))
        learner.learn([0, 0, 0, tried[-1], 0, 0], 1.0)
    assert tried == list(Tool)


def test_exploring_is_as_frequent_as_set_and_uniform():
    learner = knowing([0.0, 0.0, 9.0, 0.0, 0.0], epsilon=0.3)
    chosen = [learner.choose(Decision.TOOL, ALL_TOOLS, word) for word in WORDS]
    expected = len(WORDS) * (np.full(5, 0.06) + 0.7 * (np.arange(5) == Tool.TEAM))
    assert stats.chisquare(np.bincount(chosen, minlength=5), expected).pvalue > RARE


def test_exploring_stays_among_the_allowed_and_uniform():
    learner = knowing([0.0, 0.0, 9.0, 0.0, 0.0], epsilon=1.0)
    allowed = (Tool.NONE, Tool.TEAM, Tool.LIVESTREAM)
    chosen = np.bincount([learner.choose(Decision.TOOL, allowed, word) for word in WORDS])
    assert chosen[[Tool.DISCOUNT, Tool.BARGAIN]].tolist() == [0, 0]
    assert stats.chisquare(chosen[list(allowed)]).pvalue > RARE


def test_a_rule_changes_only_the_explored_actions_that_it_forbids():
    learner = knowing([0.0, 0.0, 9.0, 0.0, 0.0], epsilon=1.0)
    allowed = (Tool.NONE, Tool.TEAM, Tool.LIVESTREAM)
    before = [learner.choose(Decision.TOOL, ALL_TOOLS, word) for word in WORDS]
    after = [learner.choose(Decision.TOOL, allowed, word) for word in WORDS]
    assert all(old == new for old, new in zip(before, after, strict=True) if old in allowed)
    assert any(old != new for old, new in zip(before, after, strict=True))


@given(subsets, words, st.floats(0.0, 1.0), st.lists(st.floats(-9, 9), min_size=5, max_size=5))
def test_only_what_is_allowed_is_chosen(allowed, word, epsilon, values):
    learner = knowing(values, epsilon)
    action = learner.choose(Decision.TOOL, allowed, word)
    assert action in allowed
    if fraction(word) >= epsilon:
        assert values[action] == max(values[one] for one in allowed)


def test_a_learner_finds_the_best_tool_and_price_among_noisy_profits():
    """Profits are normal, one standard deviation apart; 400 campaigns of 40 sellers."""
    gains = {Decision.PRICE: [0.0, 1.0, 2.0, 1.0, 0.0], Decision.TOOL: [0.0, 0.0, 0.0, 2.0, 1.0]}
    rng = np.random.default_rng(6)
    ends = []
    for seller in range(40):
        learner = learner_of(epsilon=0.1)
        for campaign in range(400):
            luck = derive(8, EXPLORE, campaign, seller)
            actions = [0] * 6
            for decision in gains:
                actions[decision] = learner.choose(decision, range(5), child(luck, decision))
            gain = sum(gains[decision][actions[decision]] for decision in gains)
            learner.learn(actions, gain + rng.standard_normal())
        ends.append([int(np.argmax(learner.values[decision])) for decision in gains])
    found = (np.array(ends) == [2, Tool.BARGAIN]).mean(axis=0)
    assert (found > 0.8).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epsilon", 1.5),
        ("epsilon", math.nan),
        ("epsilon", True),
        ("initial_value", math.inf),
        ("initial_value", "much"),
        ("price_steps", ()),
        ("price_steps", 1.0),
        ("price_steps", (1.0, 0.0)),
        ("price_steps", (1.0, math.nan)),
    ],
)
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(ValueError, match=f"{name} is "):
        LearningParameters(**{name: value})


def test_every_seller_gets_a_learner_and_learns_at_the_end_of_the_day(world_of):
    class One:
        learner, learnt = None, 0

        def equip(self, learner):
            self.learner = learner

        def learn(self):
            self.learnt += 1

    sellers = [One(), One()]
    world = world_of(sellers=sellers, learning=LearningParameters(epsilon=0.3))
    state = Learning().start(world)
    assert [one.learner for one in sellers] == state
    assert state[0] is not state[1]
    assert Learning().end_day(world, state, None) is state
    assert [one.learnt for one in sellers] == [1, 1]


def test_what_learners_know_is_saved_and_restored(world_of):
    class Silent:
        def equip(self, learner):
            pass

    world = world_of(sellers=[Silent(), Silent(), Silent()])
    state = Learning().start(world)
    for place, learner in enumerate(state):
        for campaign in range(place):
            learner.learn([campaign, 1, 2, place, 0, 1], 3.5 * campaign - 1.0)
    arrays = Learning().save(world, state)
    kinds = Learning().kinds(world)
    assert {name: (array.dtype.name, array.shape) for name, array in arrays.items()} == {
        name: (dtypes[0], shape) for name, (dtypes, shape) in kinds.items()
    }
    again = Learning().restore(world, Learning().start(world), arrays)
    for mine, theirs in zip(again, state, strict=True):
        assert (mine.values, mine.tries, mine.campaigns) == (
            theirs.values,
            theirs.tries,
            theirs.campaigns,
        )
