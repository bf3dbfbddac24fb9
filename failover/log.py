"""Log lines as JSON on stdout, one each; a known secret in any of them is blotted out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime

Write = Callable[[str], None]
# A shorter word than this would blot out half the log, and is no secret worth the name.
LEAST_SECRET = 4


def to_stdout(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Log:
    """Where everything goes that people read. `fields` stand in every line."""

    def __init__(self, write: Write = to_stdout, **fields: object) -> None:
        self._write, self._fields, self._secrets = write, fields, set[str]()

    def keep_secret(self, *secrets: str) -> None:
        """From now on none of these appears in a line, nor in the signer's own output."""
        self._secrets |= {secret for secret in secrets if len(secret) >= LEAST_SECRET}

    def say(self, event: str, **fields: object) -> None:
        """One event, a few words, with what belongs to it."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        values = {"time": time, **self._fields, "event": event, **fields}
        clean = {key: self._blotted(value) if isinstance(value, str) else value for key, value in values.items()}
        self._write(json.dumps(clean, default=lambda value: self._blotted(str(value)), ensure_ascii=False))

    def _blotted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text
