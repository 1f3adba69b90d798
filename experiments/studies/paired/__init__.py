"""Effects of tools and policies in paired replicates."""
