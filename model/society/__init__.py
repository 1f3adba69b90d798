"""Who knows whom, who likes what and needs what: generated, or people on a file's graph."""

from weishang.model.society.generate import generate
from weishang.model.society.group_chats import GroupChats
from weishang.model.society.impute import from_graph
from weishang.model.society.parameters import SocietyParameters
from weishang.model.society.society import Society

__all__ = ["GroupChats", "Society", "SocietyParameters", "from_graph", "generate"]
