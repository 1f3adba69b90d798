"""Who decides: societies, agents, the rules of decision, the market."""
