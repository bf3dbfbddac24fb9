"""Rules for shell scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from config.lint.finding import Finding
from config.lint.script import Script
from config.mistakes import shown

RULES = {
    "literal-positional": "A shell script assigns with spaces around `=`, so it runs the name as a command.",
    "unlocks-all": "A script unlocks every UTXO of a wallet, those of a round under way among them.",
}
_START = r"(?:^|[;&|`]|(?<!\$)\{|(?<!\()\((?!\()|(?<![\w-])(?:then|do|else|elif|if|while|until|!)[ \t])[ \t]*"
_DECLARE = r"(?:(?:export|local|readonly|declare|typeset)[ \t]+(?:-\w+[ \t]+)*)?"
_ASSIGNMENT = re.compile(
    rf"{_START}{_DECLARE}(?P<name>[A-Za-z_]\w*)"
    rf"(?:[ \t]+=(?![=~])[ \t]*|=[ \t]+(?=[\"']?\$[0-9@*]))(?P<value>[^\s;&|]*)",
    re.MULTILINE,
)
_UNLOCK = re.compile(r"\blockunspent[\"']?[ \t]+[\"']?true\b[\"']?(?P<rest>[^;&|]*)|\"lockunspent\"[^}]*\[\s*true\s*\]")


def assignments(script: Script) -> Iterator[Finding]:
    """Assignments that are none: a health check of `cli = $1` can never pass (smk762/notary_docker_main ec0db3d)."""
    if not script.is_shell:
        return
    for match in _ASSIGNMENT.finditer(script.code()):
        at = match.start("name")
        value = script.text[match.start("value") : match.end("value")]
        yield Finding(
            rule="literal-positional",
            path=script.place(at),
            found=shown(" ".join(script.text[at : match.end()].split())),
            expected=f"{match['name']}={value}: with spaces the shell runs {match['name']} as a command",
        )


def unlocks(script: Script) -> Iterator[Finding]:
    """`lockunspent true` for all: locks live in the daemon's memory, and another Iguana's go with them."""
    for place, line in script.lines():
        for match in _UNLOCK.finditer(line):
            rest = (match["rest"] or "").strip(" \t\"')`")
            if rest and "listlockunspent" not in rest:
                continue
            expected = "a list of the outputs to unlock, or none: a round under way loses its own"
            yield Finding(rule="unlocks-all", path=place, found=shown(match[0].strip()), expected=expected)
