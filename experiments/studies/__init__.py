"""What we claim: one module or folder per study."""
