"""Names in a sweep's folder; this imports nothing, so that a reader of names need not wait.

OUT/sweeps/NAME/sweep.json    which sweep it is: hashes of all that decides its results
                inputs/       copies of the sweep's file and of its scenario's
                parts/        the rows of finished runs; see `storage.partitions`
                state/        checkpoints of long runs under way, one folder per run
                slurm/        logs of the jobs that worked on it
                gathered/     all parts in one file, tables and figures
"""

SWEEPS = "sweeps"
RECORD = "sweep.json"
INPUTS = "inputs"
PARTS = "parts"
STATE = "state"
JOBS = "slurm"
GATHERED = "gathered"
RUNS, DAYS = "runs", "days"
"""Tables that a sweep's parts hold."""
