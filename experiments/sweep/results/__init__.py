"""What came of a sweep: gathered parts, tables, figures, sample sizes."""
