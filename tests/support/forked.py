"""`weishang` in a fork of this process, which has imported all that it takes: no seconds to start.

For commands that end before they compute: threads do not come along into a fork.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NoReturn

from weishang.experiments import cli


def weishang(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a command of `weishang` to its end.

    Args:
        words: of its command line.

    Returns:
        Exit code (negative: number of the signal that ended it), stdout and stderr.
    """
    command = [str(word) for word in words]
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / "stdout", Path(folder) / "stderr"]
        child = os.fork()
        if child == 0:
            _be(command, outputs)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return subprocess.CompletedProcess(command, code, *(path.read_text() for path in outputs))


def _be(command: list[str], outputs: list[Path]) -> NoReturn:
    """Be the command and never come back."""
    code: object = 1
    try:
        for number, path in enumerate(outputs, start=1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
        # pytest has put its own in their place.
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        for one in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(one, signal.SIG_DFL)
        sys.argv = ["weishang", *command]
        cli.main()
    except SystemExit as leaving:
        code = leaving.code
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)
