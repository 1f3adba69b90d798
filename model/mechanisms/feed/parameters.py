"""Parameters of the platform's own recommendation."""

from dataclasses import dataclass

from weishang.kernels.graph.validation import MAX_NODES
from weishang.model.core.parameters import check_number, parameter


@dataclass(frozen=True)
class FeedParameters:
    """Whom the platform shows an offer to."""

    audience: int = parameter(
        200,
        unit="people a campaign",
        source="assumption: a friends' audience's size; a rate does not depend on it",
        role="set",
        low=200,
        high=200,
    )
    targeted: float = parameter(
        0.5,
        unit="fraction of the audience",
        source="assumption, varied: chosen by interest tags; the others are drawn at random",
        role="set",
        low=0.0,
        high=1.0,
    )

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: a field is out of range; it is named.
        """
        check_number("audience", self.audience, 1, MAX_NODES, integer=True)
        check_number("targeted", self.targeted, 0.0, 1.0, integer=False)
