"""What can go wrong with the sandbox."""


class SandboxError(Exception):
    """One sentence on what failed, and what to do."""
