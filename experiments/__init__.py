"""What we claim: one file an experiment, and what all of them share."""
