"""The parts `sick` and `first`: what is read off files, which targets follow, and when a round's double begins."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench.failover import first, patients, sick
from bench.failover.patients import Calm, Joined, Lost, Patient, as_shipped
from bench.failover.stats import Event, takeover
from chaos import stamps
from chaos.fleet import Member
from chaos.possible import Unit
from chaos.stamps import SECOND, Execution
from doubles.iguana_daemons import Coin, Daemons
from doubles.iguana_rounds import Follower


def test_a_move_within_ten_seconds_keeps_the_target_and_a_strike_without_one_breaks_it() -> None:
    def verdicts(seconds: float, failed: list[str]) -> dict[str, bool]:
        found = sick.result({"daemon-killed": [{"activated_s": 1.0}, {"activated_s": seconds}]}, failed)["verdicts"]
        return {one["what"].partition(":")[0]: one["kept"] for one in found}

    assert verdicts(9.9, []) == {sick.WHAT["daemon-killed"]: True, "strikes that nothing came of": True}
    assert verdicts(10.1, []) == {sick.WHAT["daemon-killed"]: False, "strikes that nothing came of": True}
    assert verdicts(9.9, ["n0.main: nobody"])["strikes that nothing came of"] is False


@pytest.mark.parametrize("key", ["refused", "lost", "moved"])
def test_one_call_refused_or_lost_or_one_duty_moved_while_a_chain_joins_breaks_a_target(key: str) -> None:
    well = {"refused": 0, "lost": 0, "moved": 0, "pause_s": 0.6, "pause_before_s": 0.5, "joined_s": 2.0}
    assert all(one["kept"] for one in sick.result({"chain-joins": [well, well]}, [])["verdicts"])
    broken = [one["kept"] for one in sick.result({"chain-joins": [well, well | {key: 1}]}, [])["verdicts"]]
    assert broken.count(False) == 1
    slower = sick.result({"chain-joins": [well | {"pause_s": 0.8}]}, [])["verdicts"]
    assert [one["kept"] for one in slower].count(False) == 1


def test_the_first_signature_is_told_in_blocks() -> None:
    found = first.result([{"activated_s": 0.1, "kmd_s": 14 * 60.0, "assetchain_s": 8 * 60.0}], missing=0)
    assert [(one["found"], one["kept"]) for one in found["verdicts"]] == [(0, True), (14, True), (8, False)]
    assert first.result([], missing=1)["verdicts"][0]["kept"] is False


def test_nothing_is_struck_before_both_candidates_count_as_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100 * SECOND]
    monkeypatch.setattr(patients.stamps, "now", lambda: now[0])
    calm = Calm(120)
    now[0] += 125 * SECOND
    assert not calm.over()
    now[0] += 6 * SECOND
    assert calm.over()
    calm.begin()
    assert not calm.over()


def test_candidates_have_the_limits_of_a_stack_that_says_nothing(tmp_path: Path) -> None:
    member = Files(tmp_path, "eu-west")
    (member.folder / "agent.json").write_text(json.dumps({"health": {"least_peers": 1}}))
    as_shipped(member.member, 120)
    found = json.loads((member.folder / "agent.json").read_text())
    limits = found["health"]
    assert (limits["least_peers"], limits["most_blocks_behind"], limits["oldest_block_seconds"]) == (3, 5, 3600)
    assert (limits["least_utxos"], limits["settle_seconds"]) == (5, 120)


class Files:
    """A candidate's files, as the fleet leaves them."""

    def __init__(self, folder: Path, region: str) -> None:
        self.folder, self.region = folder / region, region
        (self.folder / "state").mkdir(parents=True)
        (self.folder / "stamps.jsonl").touch()

    @property
    def member(self) -> Member:
        unit = Unit(duty="n0.main", region=self.region)
        return cast(Member, SimpleNamespace(unit=unit, folder=self.folder, gates={"KMD": None, "CCL": None}))

    def says(self, log: str, stamp: int, **line: Any) -> None:
        with (self.folder / log).open("a") as file:
            file.write(f"{stamp} {json.dumps(line)}\n")

    def executes(self, chain: str, begin: int) -> None:
        done = Execution(
            duty="n0.main",
            daemon=f"{self.region}/{chain}",
            signer="s",
            epoch=1,
            received=begin,
            begin=begin,
            end=begin + SECOND // 100,
        )
        stamps.append(self.folder / "stamps.jsonl", done)

    def attempts(self, *at: int) -> None:
        (self.folder / "attempts").write_text("".join(f"s {stamp}\n" for stamp in at))

    def holds(self) -> None:
        (self.folder / "state" / "deadline.json").write_text(json.dumps({"ends_at": 1.0}))


def test_a_loss_is_counted_from_the_strike_to_the_others_activation_and_first_call(tmp_path: Path) -> None:
    old, new = Files(tmp_path, "eu-west"), Files(tmp_path, "eu-central")
    members = (old.member, new.member)
    case = Lost(
        patient=Patient(duty="n0.main", members=members),
        kind="daemon-killed",
        chain="CCL",
        holder=members[0],
        struck=10 * SECOND,
        offsets={"eu-west": 0, "eu-central": 0},
    )
    new.says("agent.log", 9 * SECOND, event="signer activated")
    old.executes("KMD", 13 * SECOND)
    assert not case.over()
    assert case.measured() is None
    new.says("agent.log", 15 * SECOND, event="signer activated")
    new.executes("KMD", 16 * SECOND)
    assert case.over()
    assert case.measured() == pytest.approx({"activated_s": 5, "first_call_s": 6, "gap_s": 2.99})


def test_of_a_chain_that_joins_what_was_refused_lost_and_delayed_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(tmp_path, "eu-west")
    files.holds()
    member = files.member
    case = Joined(patient=Patient(duty="n0.main", members=(member,)), chain="CCL", holder=member, came=20 * SECOND)
    for begin in (11, 12, 13, 14, 15, 16, 17, 18, 19, 20.1, 21, 24, 25, 26):
        files.executes("KMD", int(begin * SECOND))
    files.attempts(*(int(at * SECOND) for at in (20.1, *(20.2 + 0.1 * number for number in range(12)))))
    files.says("gate-CCL.log", 21 * SECOND, outcome="refused")
    monkeypatch.setattr(patients.stamps, "now", lambda: 22 * SECOND)
    assert not case.over()
    files.says("agent.log", 21 * SECOND, event="chains joined", chains=["CCL"])
    assert not case.over(), "the others are looked at for a while longer"
    monkeypatch.setattr(patients.stamps, "now", lambda: 40 * SECOND)
    assert case.over()
    measured = case.measured()
    assert measured is not None
    assert measured["refused"] == 1
    assert measured["lost"] == 13 - 5 - patients.UNDER_WAY
    assert measured["moved"] == 0
    assert measured["pause_s"] == pytest.approx(3.0)
    assert measured["pause_before_s"] == pytest.approx(1.0, abs=0.02)
    (files.folder / "state" / "deadline.json").unlink()
    assert (case.measured() or {})["moved"] == 1


def test_a_chain_that_is_signed_for_only_because_the_duty_moved_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = Files(tmp_path, "eu-west"), Files(tmp_path, "eu-central")
    members = (old.member, new.member)
    for one in (old, new):
        one.attempts()
    case = Joined(patient=Patient(duty="n0.main", members=members), chain="CCL", holder=members[0], came=20 * SECOND)
    new.holds()
    new.says("agent.log", 23 * SECOND, event="signer activated")
    monkeypatch.setattr(patients.stamps, "now", lambda: 40 * SECOND)
    assert case.over()
    measured = case.measured() or {}
    assert (measured["moved"], measured["joined_s"]) == (1, 3)


def test_a_takeover_is_told_from_daemons_of_several_chains() -> None:
    def done(region: str, chain: str, begin: float, signer: str) -> Execution:
        at = int(begin * SECOND)
        daemon = f"{region}/{chain}"
        return Execution(duty="d", daemon=daemon, signer=signer, epoch=1, received=at, begin=at, end=at)

    calls = [done("eu-west", "KMD", 1, "a"), done("eu-central", "KMD", 4, "b")]
    claims = {"eu-west": [], "eu-central": [Event(stamp=3 * SECOND, what="acquired")]}
    found = takeover(calls, 2 * SECOND, claims)
    assert found is not None
    assert asdict(found) == pytest.approx({"gap_s": 3, "election_s": 1, "start_s": 1})


@pytest.mark.parametrize(
    ("symbol", "to", "began", "first_block"), [("CCL", "KMD", 300, 306), ("KMD", "LTC", 1000, 1011)]
)
def test_iguanas_double_waits_for_its_queue_of_blocks_before_its_first_round(
    symbol: str, to: str, began: int, first_block: int
) -> None:
    """As the real one (KomodoPlatform/dPoW 2f846c0) did: at `dpow` it knows the two newest blocks alone."""
    height, played = began, list[int]()

    class Fake(Daemons):
        def call(self, coin: Coin, method: str, params: str = "[]") -> Any:
            del params
            return {"height": height} if method == "getblock" else f"{coin.symbol}{height}"

    class Rounds(Follower):
        def play(self, checkpoint: int) -> None:
            played.append(checkpoint)

    def coin(name: str) -> Coin:
        return Coin(symbol=name, at="", login="", address_version=60)

    follower = Rounds(Fake(), coin(symbol), coin(to), "02" * 33)
    while not played and height < began + 30:
        follower.poll()
        height += 1
    assert height - 1 == first_block
