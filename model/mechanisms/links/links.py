"""Links that leave the platform, which the platform shows to fewer and fewer people."""

from collections.abc import Sequence
from typing import Any

from weishang.model.core.choices import YES_OR_NO, Options
from weishang.model.mechanisms.mechanism import Grant, Mechanism, World


class Links(Mechanism):
    """External links: sellers may link outside the platform instead of to a mini-program.

    How much of the view is left to such a link, hop by hop, is the platform's rule
    (`rules.link_demotion`), which holds on every layer of posts.
    """

    name = "links"
    about = "links that leave the platform"

    def options(self, world: World, state: Any) -> Sequence[Grant]:
        """Every seller may use one."""
        return [Grant(Options(external=YES_OR_NO))]
