"""The agent-by-agent engine: one Mesa agent per person."""
