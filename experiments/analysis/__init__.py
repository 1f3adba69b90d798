"""From rows to claims: estimands, fits, null models, paired effects, verdicts."""
