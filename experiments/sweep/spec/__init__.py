"""What a sweep runs: its file, its settings, its design points."""
