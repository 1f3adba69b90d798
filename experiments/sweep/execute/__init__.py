"""Who runs a sweep: this machine, its workers, or Slurm."""
