"""The scenario of each point and policy of a sweep, all of them built before the first run."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from weishang.experiments.readers.faults import Fault, FaultyFileError, KeyPath
from weishang.experiments.simulate.replicates import SELLERS_SHARE
from weishang.experiments.sweep.spec.design import Point
from weishang.experiments.sweep.spec.sweep_file import Policy, SweepFile
from weishang.model.scenario import Scenario

_NUMBER = re.compile(r"[\d.]+(?:e[+-]?\d+)?")


def changed(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """A scenario with other values, by group and name.

    Raises:
        ValueError: a value is out of range, or values do not fit each other.
    """
    parts = {
        group: replace(getattr(scenario, group), **some)
        for group, some in _by_group(values).items()
    }
    return replace(scenario, **parts) if parts else scenario


def check_sellers(file: SweepFile, generated: bool) -> None:
    """Check the number of sellers against those that are named, and against the people.

    Args:
        file: the sweep.
        generated: as in `check_scenarios`; how many people a graph has is not known yet.

    Raises:
        FaultyFileError: a ValueError; there are too few or too many.
    """
    named, most = len(file.base.sellers), file.users // SELLERS_SHARE
    what = None
    if file.sellers < named:
        what = f"is {file.sellers}, and {named} are named; give at least as many"
    elif generated and file.sellers > most:
        what = f"is {file.sellers:,} of {file.users:,} users; give at most {most:,}"
    if what is not None:
        path: KeyPath = ("sellers",)
        raise FaultyFileError([Fault(str(file.path), file.lines.get(path), path, what)])


def check_scenarios(file: SweepFile, points: Sequence[Point], generated: bool) -> None:
    """Build the scenario of every point under every policy, so that none fails after hours.

    Args:
        file: the sweep.
        points: of its design.
        generated: whether people are generated, as many as the file says, and not read.

    Raises:
        FaultyFileError: a ValueError; with each different fault, the first place where it is met,
            and at how many more.
    """
    found: dict[tuple[KeyPath, str], _Met] = {}
    misplaced = cache(partial(_misplaced, file, generated))
    for point in points:
        for policy in file.policies:
            for what in _faults(file, {**point.values, **policy.values}, misplaced):
                path = _blamed(what, point, policy)
                met = found.setdefault(
                    (path, _NUMBER.sub("", what)), _Met(path, what, point, policy)
                )
                met.times += 1
    if found:
        raise FaultyFileError([_fault(file, met) for met in found.values()])


@dataclass
class _Met:
    """A fault: its key, what it says, where it was met first, and how often, whatever number."""

    path: KeyPath
    what: str
    point: Point
    policy: Policy
    times: int = 0


def _faults(
    file: SweepFile, values: Mapping[str, Any], misplaced: Callable[[int], Sequence[str]]
) -> Iterator[str]:
    """What is wrong at a point under a policy; `misplaced` tells of sellers, by interests."""
    parts: dict[str, Any] = {}
    groups = _by_group(values)
    for group, some in groups.items():
        try:
            parts[group] = replace(getattr(file.base.scenario, group), **some)
        except ValueError as error:
            yield str(error)
    if len(parts) < len(groups):
        return
    try:
        scenario = replace(file.base.scenario, **parts)
    except ValueError as error:
        yield str(error)
        return
    yield from misplaced(scenario.society.num_interests)


def _misplaced(file: SweepFile, generated: bool, interests: int) -> list[str]:
    """Named sellers that are nobody, or sell what nobody is interested in."""
    sellers = file.base.sellers
    nobody = [one for one in sellers if generated and one.node >= file.users]
    strange = [one for one in sellers if one.category is not None and one.category >= interests]
    return [
        f"named seller {one.id!r} is node {one.node}, and users is {file.users}; give a node in "
        f"0 .. {file.users - 1}"
        for one in nobody
    ] + [
        f"named seller {one.id!r} sells category {one.category}, and num_interests is {interests}; "
        f"give a category in 0 .. {interests - 1}"
        for one in strange
    ]


def _by_group(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for full, value in values.items():
        group, _, name = full.partition(".")
        groups.setdefault(group, {})[name] = value
    return groups


def _blamed(what: str, point: Point, policy: Policy) -> KeyPath:
    """The key that a fault names, if it is one of the sweep's."""
    named = set(re.findall(r"\w+", what))
    keys: list[KeyPath] = [("policies", policy.name, full) for full in policy.values]
    keys += [("parameters", full) for full in point.values]
    return next((key for key in keys if str(key[-1]).partition(".")[2] in named), ())


def _fault(file: SweepFile, met: _Met) -> Fault:
    where = f"at point {met.point.number}"
    if len(file.policies) > 1:
        where += f" under {met.policy.name}"
    more = f" (and {met.times - 1:,} times more)" if met.times > 1 else ""
    return Fault(str(file.path), file.lines.get(met.path), met.path, f"{where}{more}: {met.what}")
