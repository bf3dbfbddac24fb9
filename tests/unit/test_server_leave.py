"""A server that is told to stop waits until the others can spare it; run for real beside servers that answer."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.unit.caged import ALONE, ANSWERED, ANSWERING, Pod, needs_bwrap, pod_in

pytestmark = needs_bwrap
MEMBERS = "".join(f"server.{number}=zk-{number}:2888:3888:participant;127.0.0.1:2181\n" for number in (1, 2, 3))
OBSERVER = "server.4=zk-4:2888:3888:observer;127.0.0.1:2181\nversion=100000000\n"
# Another server's answer is the file of its name; one without a file does not answer.
OPENSSL = '#!/bin/bash\nwhile [ "$1" != -connect ]; do shift; done\ncat "/answers/${2%:2281}" 2>/dev/null\n'
# A server that stays sleeps before it asks again.
SLEEP = "#!/bin/bash\ntouch /answers/stays\nexec /usr/bin/sleep 60\n"


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    made = pod_in(tmp_path)
    made.write(
        {
            "conf/answering.py": ANSWERING,
            "fake/openssl": OPENSSL,
            "fake/sleep": SLEEP,
            "data/conf/zoo.cfg": "dynamicConfigFile=/data/conf/zoo.cfg.dynamic.100000000\n",
            "data/conf/zoo.cfg.dynamic.100000000": MEMBERS + OBSERVER,
        }
    )
    for path in (made.root / "fake").iterdir():
        path.chmod(0o755)
    return made


def leaves(pod: Pod, own: str, others: dict[str, str], synced: int = 0) -> bool:
    """Whether server 2, which says `own`, goes at once; others answer as they do by name."""
    answers = {"srvr": own, "mntr": f"zk_version\t3.9.5\nzk_synced_followers\t{synced}\n", **others}
    pod.write({f"answers/{name}": text for name, text in answers.items()})
    process = pod.start("bash", "-c", f"{ANSWERED}bash /conf/leave.sh")
    deadline = time.monotonic() + 20
    try:
        while process.poll() is None:
            assert time.monotonic() < deadline
            if (pod.root / "answers" / "stays").exists():
                return False
            time.sleep(0.02)
        return process.returncode == 0
    finally:
        process.kill()
        process.wait()


FOLLOWER, LEADER, WATCHER = (f"Latency: 0\nMode: {mode}\n" for mode in ("follower", "leader", "observer"))


def test_a_follower_goes_when_a_majority_serves_without_it(pod: Pod) -> None:
    assert leaves(pod, FOLLOWER, {"zk-1": FOLLOWER, "zk-3": LEADER})


@pytest.mark.parametrize("other", [{}, {"zk-1": ALONE}, {"zk-1": WATCHER}, {"zk-2": FOLLOWER}, {"zk-4": FOLLOWER}])
def test_a_follower_that_the_quorum_needs_stays(pod: Pod, other: dict[str, str]) -> None:
    assert not leaves(pod, FOLLOWER, {"zk-3": LEADER, **other})


@pytest.mark.parametrize(("synced", "goes"), [(2, True), (1, False)])
def test_a_leader_goes_when_its_followers_know_all_that_it_knows(pod: Pod, synced: int, goes: bool) -> None:
    assert leaves(pod, LEADER, {"zk-1": FOLLOWER, "zk-3": FOLLOWER}, synced) is goes


@pytest.mark.parametrize("own", [WATCHER, ALONE])
def test_who_has_no_vote_or_serves_nobody_goes_at_once(pod: Pod, own: str) -> None:
    assert leaves(pod, own, {})
