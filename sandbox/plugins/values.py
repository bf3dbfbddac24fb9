"""Values as they travel between engine and plugin: protobuf structs with sentinels for secrets and unknowns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
_UNKNOWNS = {UNKNOWN, "6eeb387c-2d6b-4d6d-b4b6-ff8a2c8ac35b"}


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A struct as plain values; whole numbers become integers. Secrets keep their wrapping."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def _from_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return from_struct(value.struct_value)
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return getattr(value, kind) if kind in ("string_value", "bool_value") else None


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain values as a struct."""
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def is_secret(value: Any) -> bool:
    """Whether a value is a wrapped secret."""
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def revealed(value: Any) -> Any:
    """A value without the wrapping of its secrets."""
    if is_secret(value):
        return revealed(value.get("value"))
    if isinstance(value, dict):
        return {key: revealed(item) for key, item in value.items()}
    return [revealed(item) for item in value] if isinstance(value, list) else value


def holds(value: Any, what: str) -> bool:
    """Whether a `secret` or an `unknown` is anywhere in a value."""
    if what == "secret" and is_secret(value):
        return True
    if isinstance(value, dict):
        return any(holds(item, what) for item in value.values())
    if isinstance(value, list):
        return any(holds(item, what) for item in value)
    return what == "unknown" and isinstance(value, str) and value in _UNKNOWNS


def guarded(outputs: Mapping[str, Any], inputs: Mapping[str, Any], *always: str) -> dict[str, Any]:
    """Outputs whose secrets are wrapped: every field that was given as one, and those that `always` are."""
    fields = {*always, *(key for key, value in inputs.items() if holds(value, "secret"))}
    return {
        key: {SIGNATURE: SECRET, "value": value} if key in fields and not is_secret(value) else value
        for key, value in outputs.items()
    }


def concealed(message: str, inputs: Mapping[str, Any]) -> str:
    """A message without what was given as a secret, plain or as a server quotes it."""
    for text in sorted(_secret_texts(inputs, inside=False), key=len, reverse=True):
        for form in (text, json.dumps(text, ensure_ascii=False)[1:-1]):
            message = message.replace(form, "[secret]")
    return message


def _secret_texts(value: Any, inside: bool) -> Iterator[str]:
    if is_secret(value):
        yield from _secret_texts(value.get("value"), inside=True)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secret_texts(item, inside)
    elif isinstance(value, list):
        for item in value:
            yield from _secret_texts(item, inside)
    elif inside and value not in (None, "", True, False):
        yield str(value)
