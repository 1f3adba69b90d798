"""A sweep's folder on disk: its plan, its identity, its record."""
