"""The state, read and mended: pending operations, protection, locks of dead processes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleet import state

STACK = "urn:pulumi:local::notary::"


def resource(name: str, kind: str = "kubernetes:core/v1:Service", **more: Any) -> dict[str, Any]:
    inputs = {"metadata": {"name": name, "namespace": "notary"}}
    return {"urn": f"{STACK}{kind}::{name}", "type": kind, "custom": True, "inputs": inputs, **more}


def pending(kind: str, item: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "resource": item}


def test_a_pending_create_becomes_a_resource_with_an_error_and_is_read_again() -> None:
    deployment = {"resources": [resource("a")], "pending_operations": [pending("creating", resource("b"))]}
    mended, doubtful = state.recovered(deployment)
    assert "pending_operations" not in mended
    assert [state.name_of(urn) for urn in doubtful] == ["b"]
    made = mended["resources"][-1]
    assert made["id"] == "notary/b"
    assert made["initErrors"]
    assert deployment["pending_operations"], "the state that was read is not changed"


def test_what_may_be_on_aws_without_an_id_is_told_by_name() -> None:
    vpc, done = resource("eu-west-vpc", "aws:ec2/vpc:Vpc"), resource("eu-west-key", "aws:kms/key:Key")
    begun = [pending("creating", vpc), pending("creating", done), pending("creating", resource("a"))]
    begun += [pending("updating", resource("eu-west-role", "aws:iam/role:Role"))]
    assert state.orphans({"resources": [done], "pending_operations": begun}) == ["eu-west-vpc"]
    assert state.orphans({}) == []


def test_a_pending_update_or_delete_is_forgotten_for_the_next_update_decides_anew() -> None:
    item = resource("a")
    for kind in ("updating", "deleting", "reading"):
        mended, doubtful = state.recovered({"resources": [item], "pending_operations": [pending(kind, item)]})
        assert mended["resources"] == [item]
        assert doubtful == []


def test_a_create_that_a_replacement_began_does_not_double_the_resource() -> None:
    old = resource("a", id="notary/a")
    mended, doubtful = state.recovered({"resources": [old], "pending_operations": [pending("creating", resource("a"))]})
    assert mended["resources"] == [old]
    assert doubtful == []


def test_a_pending_create_of_what_is_no_object_is_forgotten() -> None:
    provider = {"urn": f"{STACK}pulumi:providers:kubernetes::eu", "type": "pulumi:providers:kubernetes", "inputs": {}}
    mended, doubtful = state.recovered({"resources": [], "pending_operations": [pending("creating", provider)]})
    assert (mended["resources"], doubtful) == ([], [])


def test_an_object_without_a_namespace_is_known_by_its_name() -> None:
    item = resource("n", "kubernetes:core/v1:Namespace")
    item["inputs"] = {"metadata": {"name": "n"}}
    mended, _ = state.recovered({"pending_operations": [pending("creating", item)]})
    assert mended["resources"][0]["id"] == "n"


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_what_is_lost_is_what_is_protected_and_no_longer_planned(there: set[str], planned: set[str]) -> None:
    deployment = {"resources": [resource(name, protect=name < "d") for name in sorted(there)]}
    assert set(state.lost(deployment, planned).values()) == {name for name in there - planned if name < "d"}


def test_what_is_already_being_deleted_is_not_lost() -> None:
    assert state.lost({"resources": [resource("a", protect=True, delete=True)]}, set()) == {}


def test_attributes_that_a_kill_cut_short_are_found_and_whole_ones_are_not(tmp_path: Path) -> None:
    folder = tmp_path / ".pulumi" / "stacks" / "notary"
    folder.mkdir(parents=True)
    for name, text in {"whole.json": '{"user.content_type": "x"}', "empty.json": "", "half.json": '{"user.'}.items():
        (folder / f"{name}.attrs").write_text(text)
        (folder / name).write_text("")
    assert {path.name for path in state.broken_sidecars(tmp_path)} == {"empty.json.attrs", "half.json.attrs"}


def lock(folder: Path, name: str, content: str) -> Path:
    path = folder / ".pulumi" / "locks" / "organization" / "notary" / "local" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_only_the_lock_of_a_dead_process_of_this_machine_is_dead(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    here = socket.gethostname()
    dead = lock(tmp_path, "dead", json.dumps({"pid": gone.pid, "hostname": here}))
    lock(tmp_path, "alive", json.dumps({"pid": os.getpid(), "hostname": here}))
    lock(tmp_path, "elsewhere", json.dumps({"pid": gone.pid, "hostname": here + "-other"}))
    lock(tmp_path, "broken", "{")
    found = state.locks(tmp_path, "local")
    assert len(found) == 4
    assert list(state.dead_locks(found)) == [dead]
    assert state.locks(tmp_path, "other") == []


def test_a_process_that_ended_and_is_not_waited_for_yet_holds_no_lock(tmp_path: Path) -> None:
    zombie = subprocess.Popen(["true"])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    found = lock(tmp_path, "zombie", json.dumps({"pid": zombie.pid, "hostname": socket.gethostname()}))
    assert list(state.dead_locks([found])) == [found]
    zombie.wait()
