"""Official accounts and their followers."""
