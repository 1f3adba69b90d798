"""Sellers that a scenario names, checked against the people among whom they are to sell."""

from weishang.experiments.scenario.scenario_file import ScenarioFile
from weishang.model.society.society import Society


def check_sellers(file: ScenarioFile, people: Society) -> None:
    """Refuse named sellers that this society cannot have.

    Raises:
        ValueError: a node or a category does not exist there.
    """
    for one in file.sellers:
        if one.node >= people.num_users:
            raise ValueError(
                f"{file.path}: named seller {one.id!r} is node {one.node}; the society has nodes "
                f"0 to {people.num_users - 1}"
            )
        if one.category is not None and one.category >= people.parameters.num_interests:
            raise ValueError(
                f"{file.path}: named seller {one.id!r} sells category {one.category}; the society "
                f"has interests 0 to {people.parameters.num_interests - 1}"
            )
