"""The feed: offers that the platform shows to people of its own choice."""
