"""Mistakes of shell scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.test_lint_project import copy_project, lint_script, rules

HEALTH = """#!/bin/bash
set -eo pipefail

## Set the cli binary
{}

conn=$(${{cli}} getconnectioncount)
if [ "$conn" = "0" ]; then
    echo "FAIL - ${{cli}} has no node; cli = $1";
    exit 1;
fi
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        "cli = $1",
        'cli = "$1"',
        "cli =$1",
        "cli= $1",
        'cli= "$1"',
        "  local cli = $1",
        "true && cli = $1",
        "if true; then cli = $1; fi",
        "f() { cli = $1; }",
        "it='a # b'; cli = $1",
    ],
)
def test_a_health_check_that_can_never_pass_is_found(project: Path, wrong: str) -> None:
    (finding,) = lint_script(project, HEALTH.format(wrong), "healthcheck")
    assert finding.rule == "literal-positional"
    assert finding.path == f"{project}/healthcheck:5"


@pytest.mark.parametrize(
    "right",
    [
        "cli=$1",
        "cli='a = $1'",
        "# cli = $1",
        "true # cli = $1",
        "awk '\n  { n = $1 }\n  x = $1\n' file",
        'awk "\n  x = 1\n" file',
        "cat <<EOF\ncli = $1\nEOF",
        "cat <<-'END'\n\tcli = $1\n\tEND",
        "(( i = 1 ))",
        "x=$(( i = 1 ))",
        '[[ $a = "b" ]]',
        "test cli = $1",
        "IFS= read -r line",
        "LC_ALL= $cli getinfo",
        "cli == $1",
        "echo \\\n  cli = $1",
        "echo ${x# } cli = y",
    ],
)
def test_what_only_looks_like_one_is_not(project: Path, right: str) -> None:
    assert lint_script(project, HEALTH.format(right), "healthcheck") == []


def test_other_languages_may_have_spaces_around_the_sign(project: Path) -> None:
    assert lint_script(project, "cli = $1\n", "komodo.conf") == []
    assert lint_script(project, "#!/usr/bin/env python3\ncli = 1\n", "tool") == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("komodo-cli lockunspent true", "komodo-cli lockunspent false '[]'"),
        ("komodo-cli lockunspent true $(komodo-cli listlockunspent | jq -c .)", "komodo-cli listlockunspent"),
        (
            "komodo-cli lockunspent true `komodo-cli listlockunspent`",
            """k lockunspent true '[{"txid":"a","vout":1}]'""",
        ),
        ('{"method": "lockunspent", "params": [true]}', '{"method": "lockunspent", "params": [true, [{"vout": 1}]]}'),
    ],
)
def test_a_start_script_that_unlocks_everything_is_found(project: Path, wrong: str, right: str) -> None:
    assert rules(lint_script(project, f"#!/bin/sh\n{wrong}\n")) == ["unlocks-all"]
    assert lint_script(project, f"#!/bin/sh\n{right}\n") == []
