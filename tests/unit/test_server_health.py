"""The scripts beside a running server, run for real: whether it is alive and ready, and its backups."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.unit.caged import ALONE, ANSWERED, ANSWERING, SEALED, Pod, needs_bwrap, pod_in

pytestmark = needs_bwrap
# Tells of a log what ZooKeeper's toolkit tells: it comes to the end, or to a record that it can't read.
JAVA = """#!/bin/bash
grep -o 'zxid 0x[0-9a-f]*' "${@: -1}" | sed 's/.*/1 PM session 0x1 cxid 0x2 & setData x/'
if grep -q spoilt "${@: -1}"; then echo 'CRC ERROR - 1 PM session 0x1 cxid 0x2 zxid 0x9 setData x'; fi
if grep -q torn "${@: -1}"; then echo 'Exception in thread "main"'; exit 1; fi
if grep -q padded "${@: -1}"; then
  cut='1 PM session 0x1 cxid 0x3 zxid 0x100000002 setData xx'
  printf '%s\\0\\0,1\\n' "CRC ERROR - $cut" "$cut"
  echo 'Last transaction was partial.'
  exit 1
fi
echo 'EOF reached after 1 txns.'
"""


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    made = pod_in(tmp_path)
    made.write({"conf/answering.py": ANSWERING, "fake/java": JAVA})
    (made.root / "fake" / "java").chmod(0o755)
    return made


def healthy(pod: Pod, question: str, answer: str | None, errors: str = ALONE) -> bool:
    """What a probe finds at a server that answers so; at none, if there is no answer."""
    pod.write({f"answers/{word}": answer or "" for word in ("ruok", "srvr")} | {"answers/mntr": errors})
    first = ANSWERED if answer is not None else ""
    process = pod.start("bash", "-c", f"{first}bash /conf/health.sh {question}")
    process.communicate(timeout=20)
    return process.returncode == 0


@pytest.mark.parametrize("mode", ["leader", "follower", "observer"])
def test_a_server_of_a_quorum_is_ready(pod: Pod, mode: str) -> None:
    pod.write({"data/version-2/currentEpoch": "7"})
    assert healthy(pod, "ready", f"Zookeeper version: 3.9.5\nMode: {mode}\nNode count: 5\n")


def test_a_server_that_lost_its_quorum_is_alive_and_not_ready(pod: Pod) -> None:
    pod.write({"data/version-2/currentEpoch": "7"})
    assert not healthy(pod, "ready", ALONE)
    assert healthy(pod, "live", "imok")


@pytest.mark.parametrize("files", [{}, {"data/version-2/currentEpoch": "0"}])
def test_the_first_server_of_a_new_ensemble_is_ready_so_that_the_second_can_come(
    pod: Pod, files: dict[str, str]
) -> None:
    """ZooKeeper 3.9.5 writes the epoch 0 at its start, before any quorum."""
    pod.write(files)
    assert healthy(pod, "ready", ALONE)


def test_what_does_not_answer_is_neither_alive_nor_ready(pod: Pod) -> None:
    assert not healthy(pod, "live", None)
    assert not healthy(pod, "ready", None)
    assert not healthy(pod, "live", "")


@pytest.mark.parametrize("count", [0, 1, 12])
def test_a_server_that_could_not_write_is_not_left_to_write_behind_the_gap(pod: Pod, count: int) -> None:
    errors = f"zk_version\t3.9.5\nzk_unrecoverable_error_count\t{count}\nzk_outstanding_requests\t12\n"
    assert healthy(pod, "live", "imok", errors) == (count == 0)


def backups(pod: Pod, count: int, said: str = "backup ", **environment: str) -> list[dict[str, str]]:
    """The copies that are there once the script has said something `count` times, oldest first."""
    (pod.root / "backup").mkdir(exist_ok=True)
    settings = {"EVERY_SECONDS": "1.05", "KEEP": "2", **environment}
    process = pod.start("bash", "/conf/backup.sh", **settings)
    try:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(count)]
        assert all(said in line for line in lines), lines
        time.sleep(0.2)  # the oldest go after the newest was told
        return [pod.read(f"backup/{path.name}") for path in sorted((pod.root / "backup").glob("[0-9]*"))]
    finally:
        process.kill()
        process.wait()


def test_a_backup_is_the_three_newest_snapshots_with_every_log_that_they_need(pod: Pod) -> None:
    # 1000001e5 reads like a number of another size: it is none.
    logs = {f"data/version-2/log.{name}": name for name in ("100000010", "100000100", "1000001e8", "100000200")}
    names = ("100000090", "1000001e5", "1000001f0", "100000210")
    pod.write({**logs, **{f"data/version-2/snapshot.{name}": SEALED for name in names}})
    (copy,) = backups(pod, 1)
    snapshots = {f"snapshot.{name}" for name in names[1:]}
    assert set(copy) == {*snapshots, "log.100000100", "log.1000001e8", "log.100000200"}


def test_a_log_that_begins_right_behind_a_snapshot_makes_all_before_it_needless(pod: Pod) -> None:
    pod.write({f"data/version-2/log.{name}": name for name in ("100000100", "1000001e6", "100000200")})
    pod.write({"data/version-2/snapshot.1000001e5": SEALED})
    (copy,) = backups(pod, 1)
    assert set(copy) == {"snapshot.1000001e5", "log.1000001e6", "log.100000200"}


def test_a_backup_has_fewer_snapshots_where_an_older_log_is_damaged(pod: Pod) -> None:
    pod.write({"data/version-2/log.1": "torn", "data/version-2/log.51": "whole"})
    pod.write({f"data/version-2/snapshot.{name}": SEALED for name in ("10", "30", "50")})
    (pod.root / "backup").mkdir()
    process = pod.start("bash", "/conf/backup.sh", "once", KEEP="2")
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 0, said
    (copy,) = (pod.root / "backup").iterdir()
    assert {path.name for path in copy.iterdir()} == {"snapshot.50", "log.51"}


@pytest.mark.parametrize("end", ["torn", "padded"])
@pytest.mark.parametrize(
    ("next_log", "kept"),
    [("100000002", True), ("100000003", False), ("300000001", True), ("300000002", False), ("", False)],
)
def test_a_log_may_end_in_a_cut_record_where_the_next_log_goes_on(
    pod: Pod, next_log: str, kept: bool, end: str
) -> None:
    pod.write({"data/version-2/snapshot.0": SEALED, "data/version-2/log.100000001": f"zxid 0x100000001 {end}"})
    if next_log:
        pod.write({f"data/version-2/log.{next_log}": "whole"})
    said = "backup " if kept else "could not be copied whole"
    assert bool(backups(pod, 1, said=said)) == kept


@pytest.mark.parametrize(
    ("between", "lines", "oldest"),
    [("100000001", 1, "snapshot.0"), ("100000002", 3, "snapshot.100000002"), ("300000001", 1, "snapshot.0")],
)
def test_a_backup_begins_with_a_snapshot_that_made_up_for_writes_behind_a_cut(
    pod: Pod, between: str, lines: int, oldest: str
) -> None:
    data = {"snapshot.0": SEALED, "log.100000001": "zxid 0x100000001 torn", "log.300000001": "whole"}
    pod.write({f"data/version-2/{name}": text for name, text in (data | {f"snapshot.{between}": SEALED}).items()})
    (copy,) = backups(pod, lines, said="")
    assert min(name for name in copy if "snapshot" in name) == oldest


def test_only_the_newest_backups_stay(pod: Pod) -> None:
    pod.write({"data/version-2/snapshot.0": SEALED, "backup/.20200101T000000Z/snapshot.0": "cut off"})
    pod.write({"backup/20200101T000000Z/snapshot.0": "old", "backup/20200102T000000Z/snapshot.0": "older"})
    assert backups(pod, 1) == [{"snapshot.0": "older"}, {"snapshot.0": SEALED}]


NO_BACKUP = [
    {"snapshot.5": "half of it"},
    {"snapshot.5": SEALED, "log.1": "torn"},
    {"snapshot.5": SEALED, "log.1": "spoilt", "log.a": "whole"},
    {"snapshot.5": SEALED, "log.1": "spoilt padded", "log.100000002": "whole"},
]


@pytest.mark.parametrize("torn", NO_BACKUP)
def test_what_could_not_be_copied_whole_is_no_backup(pod: Pod, torn: dict[str, str]) -> None:
    pod.write({f"data/version-2/{name}": text for name, text in torn.items()})
    assert backups(pod, 1, said="could not be copied whole") == []
