"""Each promise about releases, broken once: the tests notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants import Mutant

pytestmark = pytest.mark.long

UNIT = "tests/unit/"
MUTANTS = [
    Mutant(
        promise="a daemon never gets data that it can't read",
        file="fleet/releases/permission.py",
        line="elif written.number > read.number:",
        broken="elif written.number > read.number + 1:",
        tests=UNIT + "test_release_permission.py",
    ),
    Mutant(
        promise="no way back across a hard fork's height",
        file="fleet/releases/permission.py",
        line="tip is not None and tip >= fork.height:",
        broken="tip is not None and tip > fork.height:",
        tests=UNIT + "test_release_permission.py",
    ),
    Mutant(
        promise="a height that nobody told is no permission",
        file="fleet/releases/permission.py",
        line="if fork.height is not None and tip is None:",
        broken="if False:",
        tests=UNIT + "test_release_permission.py",
    ),
    Mutant(
        promise="every image of a pod is compared",
        file="fleet/releases/diff.py",
        line='images["gate"] = Image(path="gate", build=release.gate)',
        broken="pass",
        tests=UNIT + "test_release_diff.py",
    ),
    Mutant(
        promise="what was gone back from does not return",
        file="fleet/releases/history.py",
        line="line = line[: sources.index(item.source) + 1]",
        broken="line = [*line, item]",
        tests=UNIT + "test_release_history.py",
    ),
    Mutant(
        promise="evidence is of the very release",
        file="fleet/releases/evidence.py",
        line="if item.release != release.digest:",
        broken="if not item.release:",
        tests=UNIT + "test_release_evidence.py",
    ),
    Mutant(
        promise="production takes no digest that a registry lacks",
        file="fleet/releases/selecting.py",
        line='if loaded.release.status == "released" else []',
        broken="if False else []",
        tests=UNIT + "test_release_evidence.py",
    ),
    Mutant(
        promise="a registry that does not know is one that has not",
        file="fleet/releases/registry.py",
        line="if answer.status_code != 200:",
        broken="if answer.status_code == 403:",
        tests=UNIT + "test_release_registry.py",
    ),
    Mutant(
        promise="a login never travels in the clear",
        file="fleet/releases/registry.py",
        line='if basic and not (realm.startswith("https://")',
        broken='if False and not (realm.startswith("https://")',
        tests=UNIT + "test_release_registry.py",
    ),
    Mutant(
        promise="selecting changes nothing else",
        file="fleet/releases/files.py",
        line='if count != 1 or after != {**before, "release": source}:',
        broken="if count > 1:",
        tests=UNIT + "test_release_files.py",
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.promise)
def test_a_broken_promise_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    assert mutant.caught_in(tmp_path)
