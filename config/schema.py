"""The JSON Schema of stack files, for editors."""

from __future__ import annotations

from typing import Any

from config.load import PROJECT
from config.stack import Stack

SCHEMA_FILE = "config/stack.schema.json"


def stack_schema() -> dict[str, Any]:
    """The schema of a whole `Pulumi.<stack>.yaml`: the model's fields under `notary:`, secrets beside them."""
    model = Stack.model_json_schema(by_alias=True)
    properties = {f"{PROJECT}:{name}": value for name, value in model["properties"].items()}
    others = "|".join(f"{name}$" for name in model["properties"])
    secret = {"type": "object", "properties": {"secure": {"type": "string"}}, "required": ["secure"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack of the notary fleet",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": properties,
                "required": [f"{PROJECT}:{name}" for name in model["required"]],
                "patternProperties": {"^pulumi:": {}, f"^{PROJECT}:(?!{others})": secret},
                "additionalProperties": False,
            }
        },
        "required": ["config"],
        "$defs": model["$defs"],
    }
