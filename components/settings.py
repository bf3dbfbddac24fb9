"""The stack's configuration as the engine hands it to the program."""

from __future__ import annotations

import json
from typing import Any

from pulumi.runtime import config as engine

from config.load import PROJECT


def stack_values() -> tuple[dict[str, Any], set[str]]:
    """The plain values under the project's namespace, and the names of its secrets, whose values stay unread."""
    configured: dict[str, Any] = {**engine.get_config_env(), **engine.CONFIG.get()}
    by_environment = {*engine.get_config_secret_keys_env()}
    secret = {key for key in configured if key in by_environment or engine.is_config_secret(key)}
    mine = {key.partition(":")[2]: key for key in configured if key.startswith(f"{PROJECT}:")}
    values = {name: _value(configured[key]) for name, key in mine.items() if key not in secret}
    return values, {name for name, key in mine.items() if key in secret}


def _value(text: Any) -> Any:
    """Structured values arrive as JSON, plain ones as they are, whatever they begin with."""
    try:
        return json.loads(text) if isinstance(text, str) and text[:1] in ("[", "{") else text
    except ValueError:
        return text
