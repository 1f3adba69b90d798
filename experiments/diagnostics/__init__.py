"""What runs here, how much memory it takes, and whether results are intact."""
