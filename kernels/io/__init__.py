"""Edge lists from untrusted files."""
