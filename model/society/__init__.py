"""Who knows whom, who likes what and needs what."""

from weishang.model.society.society import Society, SocietyParameters, from_graph, generate

__all__ = ["Society", "SocietyParameters", "from_graph", "generate"]
