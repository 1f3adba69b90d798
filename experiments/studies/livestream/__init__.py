"""Who watches livestreams, and how many of them buy."""
