"""A few drills on real servers, and a control: `make drill-ensemble` runs them all."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from drills.stacks import ROOT
from sandbox.pods import running

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(running.unavailable() is not None, reason=str(running.unavailable())),
]


ATTEMPTS, SECONDS = 3, 300  # alone, one takes 75 s


def drilled(*names: str) -> dict[str, dict[str, object]]:
    """The results by name. Beside other tests a server is at times gone in the middle: such a run says nothing."""
    only = [word for name in names for word in ("--only", name)]
    command = [sys.executable, "-m", "drills.ensemble", "--seed", "1", "--json", *only]
    for _ in range(ATTEMPTS):
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            continue
        print(done.stderr)  # noqa: T201  # for whoever reads of a failure
        results = json.loads(done.stdout) if done.stdout else []
        if results and all(result["done"] != "could not be ended" for result in results):
            return {result["name"]: result for result in results}
    pytest.fail(f"no run of {ATTEMPTS} came to its end")


@pytest.mark.timeout(ATTEMPTS * SECONDS + 60)
def test_no_acknowledged_write_is_lost_and_the_checker_sees_it_where_one_is() -> None:
    found = drilled("kill-leader", "isolate-followers", "lost-disk", "strangers", "metrics", "control-forgetting-disks")
    control = found.pop("control-forgetting-disks")
    assert control["lost"]
    assert not control["passed"]
    for name, result in found.items():
        assert result["lost"] == 0, name
        # How long it took is for a quiet machine to say: `make drill-ensemble`.
        slow = [text for text in result["violations"] if "no write for" in text]
        assert result["violations"] == slow, name
        assert result["acknowledged"], name
