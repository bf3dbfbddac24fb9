"""A model's errors in an operator's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.mistakes import Mistake, shown
from config.reader import kind_of

# A secret put in a wrong place would be at one of these: messages tell its kind, never its text.
SECRETIVE = {"pubkey", "keys", "rpc", "connection", "config", "secretName", "context"}

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "missing": "a value",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "literal_error": "{expected}",
    "union_tag_invalid": "{expected_tags}",
    "expected": "{what}",
}
_TAGS = {"kind": "iguana or checkpoint-master", "provider": "existing or eks"}


def mistakes_of(error: ValidationError, model: type[BaseModel], prefix: str) -> list[Mistake]:
    """One Mistake per error of a model; paths begin with `prefix`."""
    schema = model.model_json_schema(by_alias=True)
    errors = error.errors(include_url=False)
    places = [details["loc"] for details in errors]
    # A list whose only item is wrong is told as too short besides: it is not.
    told = [item for item in errors if item["type"] != "too_short" or not _inside(item["loc"], places)]
    return [_mistake(details, schema, prefix) for details in told]


def _inside(place: tuple[int | str, ...], places: Sequence[tuple[int | str, ...]]) -> bool:
    return any(len(other) > len(place) and other[: len(place)] == place for other in places)


def _mistake(details: ErrorDetails, schema: Mapping[str, Any], prefix: str) -> Mistake:
    path, keys = _path_and_keys(details["loc"], schema)
    kind, found = details["type"], _found(details, path)
    if kind == "extra_forbidden":
        expected = f"no such key; here are {', '.join(keys)}"
        return Mistake(path=prefix + _joined(path), found=f"the key {shown(path[-1])}", expected=expected)
    template = _EXPECTED.get(kind)
    context = details.get("ctx") or {}
    if kind in ("union_tag_invalid", "union_tag_not_found"):  # told where the tag stands, not where the union does
        path = (*path, context["discriminator"].strip("'"))
        found = shown(context["tag"]) if "tag" in context else "nothing"
        template = template or _TAGS[path[-1]]
    expected = template.format(**context) if template else details["msg"].lower()
    if kind in ("literal_error", "union_tag_invalid"):
        expected = expected.replace("'", '"')
    return Mistake(path=prefix + _joined(path), found=found, expected=expected)


def _found(details: ErrorDetails, path: tuple[str, ...]) -> str:
    if details["type"] == "missing":
        return "nothing"
    value = cast("object", details["input"])
    if isinstance(value, (dict, list)) or value is None:
        return kind_of(cast("object", value))
    if SECRETIVE.intersection(path):
        return f"text of {len(value)} characters" if isinstance(value, str) else kind_of(value)
    return shown(value)


def _joined(path: tuple[str, ...]) -> str:
    return ".".join(part if part.isprintable() and len(part) <= 64 else shown(part) for part in path)


def _path_and_keys(loc: tuple[int | str, ...], schema: Mapping[str, Any]) -> tuple[tuple[str, ...], list[str]]:
    """The path as it stands in the file, and the keys that its parent takes.

    pydantic's locations also hold the tag of a union's member and `[key]`, which are in no file.
    """
    path: list[str] = []
    node, keys = _resolved(schema, schema), list[str]()
    for part in loc:
        members = cast("Mapping[str, Any]", node.get("discriminator", {}).get("mapping", {}))
        if part in members:
            node = _resolved({"$ref": members[cast("str", part)]}, schema)
            continue
        if part == "[key]":
            continue
        path.append(str(part))
        properties = cast("Mapping[str, Any]", node.get("properties", {}))
        keys = sorted(properties) or keys
        inner: object = properties.get(str(part)) or node.get("additionalProperties") or node.get("items")
        node = _resolved(cast("Mapping[str, Any]", inner) if isinstance(inner, dict) else {}, schema)
    return tuple(path), keys


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema's node behind its reference, and behind `or null`."""
    for option in cast("list[Mapping[str, Any]]", node.get("anyOf", [])):
        if option.get("type") != "null":
            return _resolved(option, schema)
    reference = node.get("$ref")
    return schema["$defs"][str(reference).rsplit("/", 1)[-1]] if reference else node
