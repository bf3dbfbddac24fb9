"""Becomes the signer's command, which dies with the agent: run by its path, so nothing of this package is imported.

Between fork and exec of a process with threads only little is safe, so this is a program and no `preexec_fn`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """`launch.py AGENT_PID COMMAND...`; exit code 127 if there is no such command."""
    agent, command = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != agent:  # it died before the line above
        sys.exit(1)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main()
