"""Rules for registries: values that the loader refuses as a form, and forms that it lets pass."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from config.lint.finding import Finding
from config.mistakes import shown
from config.registry import APART, NAME
from config.registry_values import ERA_LISTS, KEY, NUMBERS, RESERVED, UNDERIVED, expected_of

RULES = {
    "trailing-comma": 'A number of a registry begins or ends with a comma, such as "100000000,".',
    "malformed-number": "A number of a registry is none, or is too large.",
    "number-not-text": "A value of a registry is a JSON number; other tools read text alone.",
    "unknown-option": "An option of a registry that no daemon of the fleet is known to have.",
}
LISTS = {*ERA_LISTS, "ac_ccenable"}
# Texts of komodod's own; ac_algo and ac_veruspos are of chains that mine with verushash (VerusCoin's fork).
TEXTS = {"ac_pubkey", "ac_script", "ac_cclib", "earlytxid", "ac_algo", "ac_veruspos", "txindex", "whitelist"}
KNOWN = {*NUMBERS, *LISTS, *TEXTS, *APART, *UNDERIVED}


def registry_values(entries: Iterable[object], source: str) -> Iterator[Finding]:
    """What is wrong with the values of a registry's entries; paths are those of the loader."""
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            continue
        values = cast("Mapping[str, object]", entry)
        name = values.get("ac_name")
        label = f" ({name})" if isinstance(name, str) and NAME.fullmatch(name) else ""
        for key, value in values.items():
            path = f"{source}[{number}].{key if KEY.fullmatch(key) else shown(key)}{label}"
            yield from _value(key, value, path)


def _value(key: str, value: object, path: str) -> Iterator[Finding]:
    if key not in KNOWN and KEY.fullmatch(key) and not RESERVED.fullmatch(key):
        near = difflib.get_close_matches(key, sorted(KNOWN), n=1, cutoff=0.8)
        expected = f"{near[0]}?" if near else "an option of komodod's, such as ac_supply"
        yield Finding(rule="unknown-option", path=path, found=f"the option {key}", expected=expected)
    if isinstance(value, int) and not isinstance(value, bool):
        expected = f'text: "{value}"'
        yield Finding(rule="number-not-text", path=path, found=f"the number {value}", expected=expected)
    elif isinstance(value, str) and (key in NUMBERS or key in LISTS) and (expected := expected_of(key, value)):
        comma = value.strip() != value.strip().strip(",") and not expected_of(key, value.strip().strip(","))
        rule = "trailing-comma" if comma else "malformed-number"
        expected = f'"{value.strip().strip(",")}"' if comma else expected
        yield Finding(rule=rule, path=path, found=shown(value), expected=expected)
