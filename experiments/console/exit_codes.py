"""What a command's exit code says; docs/commands.md has the table."""

import os

FAILED = 1
"""The system refused (a full disk, no memory), or a check found a fault."""
BAD_INPUT = 2
"""An argument or a file is wrong; one line says which and what would be right."""
REQUEUE = os.EX_TEMPFAIL
"""75: what is done is saved; the same command resumes there."""
INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""
TERMINATED = 143
"""128 + SIGTERM: a command with nothing to save."""


class CheckFailedError(Exception):
    """The command did its work, and what it checked is not as it should be: ends with FAILED."""
