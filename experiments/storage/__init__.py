"""A result on disk: report, manifest, atomic folders, checkpoints, tables."""
