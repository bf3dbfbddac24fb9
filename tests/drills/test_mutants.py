"""Each promise that takes the engine and API servers to see, broken once: the tests notice. `make drill`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants import Mutant

ENGINE = "tests/engine/"
MUTANTS = [
    Mutant(
        promise="a chain goes only by name",
        file="fleet/commands/stack.py",
        line="recover.permit_removals(workspace, planned_names(plan), remove, False, output.progress)",
        broken="recover.unprotect(workspace, list(state.protected(workspace.stack.export_stack().deployment or {})))",
        tests=ENGINE + "test_changes.py -k carries_data",
    ),
    Mutant(
        promise="a changed claim template replaces no set",
        file="components/objects.py",
        line='["spec.volumeClaimTemplates"] if',
        broken="None if",
        tests=ENGINE + "test_changes.py -k size",
    ),
    Mutant(
        promise="a cut-off update is completed",
        file="fleet/recover.py",
        line='    if not deployment.get("pending_operations"):\n',
        broken="    if True:\n",
        tests=ENGINE + "test_interrupted.py -k did_happen",
    ),
    Mutant(
        promise="a dead process's lock does not stay",
        file="fleet/recover.py",
        line="    _release_dead_locks(workspace, report)\n    try:",
        broken="    try:",
        tests=ENGINE + "test_interrupted.py -k together",
    ),
    Mutant(
        promise="attributes that a kill cut short do not lock a state",
        file="fleet/workspace.py",
        line="        sidecar.unlink(missing_ok=True)\n",
        broken="        pass\n",
        tests=ENGINE + "test_interrupted.py -k attributes",
    ),
    Mutant(
        promise="one region holds up no other",
        file="fleet/update.py",
        line="continue_on_error=True, ",
        broken="",
        tests=ENGINE + "test_regions.py -k first_update",
    ),
    Mutant(
        promise="a region that is away is asked first",
        file="fleet/commands/stack.py",
        line="    if silent:\n",
        broken="    if False:\n",
        tests=ENGINE + "test_regions.py -k begin",
    ),
    Mutant(
        promise="a rollback leaves no trace",
        file="config/names.py",
        line='return f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"',
        broken='import time; return f"{name}-{int(time.time())}"',
        tests=ENGINE + "test_changes.py -k forward_and_back",
    ),
    Mutant(
        promise="a secret is in no file",
        file="__main__.py",
        line="secret=pulumi.Config().require_secret,",
        broken="secret=pulumi.Config().require,",
        tests=ENGINE + "test_secrets.py -k kubeconfig",
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.promise.replace(" ", "-"))
@pytest.mark.timeout(900)
def test_a_broken_promise_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    assert mutant.caught_in(tmp_path)
