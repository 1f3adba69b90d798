"""The supply side: sellers, what they choose and what they learn."""
