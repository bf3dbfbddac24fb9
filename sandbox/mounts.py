"""Mounts of this process and its children alone, gone with them."""

from __future__ import annotations

import ctypes
import os
import subprocess

from sandbox.errors import SandboxError

_CLONE_NEWNS = 0x00020000


def private_mounts(who: str) -> None:
    """Whatever is mounted from here on, the machine does not see. SandboxError where this process may not."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise SandboxError(f"{who} needs root, for mounts and networks of its own: {reason}")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
