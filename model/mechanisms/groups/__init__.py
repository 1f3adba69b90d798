"""Group chats, and the groups of customers that sellers found."""
