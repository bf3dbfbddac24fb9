"""Faults of daemons, wallets and signers: what is wrong inside a process that runs.

A shared one belongs to a key or a chain, and is seen in every region: it takes nobody. A local one takes a daemon. What
waits in a daemon that stands still would be executed when it goes on, whoever holds the duty then: that is the residual
which no gate can close, and which `chaos.residual` measures; so such a daemon is killed at the end, as it would be by
its pod's probe.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from chaos import layout
from chaos.fleet import Member
from chaos.iguana import DIE, HANG, REFUSE
from chaos.strikes import Scene, Strike, Struck, where

OLD_SECONDS = 200_000  # of a chain's last block, more than any limit
SLOW_SECONDS = (0.2, 1.0)
BLOCKS_BEHIND = 500
NO_WALLET = "{}"
NO_KEY = json.dumps({"": {}})


def ill(what: str, made: Callable[[Scene], Mapping[str, object]], *, ends: str = "") -> Strike:
    """One daemon has a trouble (doubles/chain.py). `ends`: whether it is killed when that begins, or is over."""

    def make(scene: Scene) -> Struck:
        member, chain = scene.member(), scene.chain()
        told = f"{what}: {chain}'s daemon of {where(member)}"
        own, trouble, kill = _own(member, chain), made(scene), partial(_kill, member, chain)
        put(own, trouble)
        if "begin" in ends:
            kill()
        return Struck(
            told=told,
            heal=partial(better, own, trouble, kill if "over" in ends else _nothing),
            takes=() if "slow" in trouble or "peers" in trouble else (member.unit.daemon(chain),),
            hits=(member.unit.name,),
        )

    return make


def shared(what: str, made: Callable[[Scene], Mapping[str, object]], chains: tuple[str, ...] = ()) -> Strike:
    """All of a duty's daemons of one chain see it, wherever they are."""

    def make(scene: Scene) -> Struck:
        members = scene.fleet.of(scene.duty())
        chain = scene.chance.choice(chains) if chains else scene.chain()
        file, _ = layout.trouble_files(members[0].unit, members[0].folder, chain)
        trouble = made(scene)
        put(file, trouble)
        return Struck(
            told=f"{what}: {chain} of {members[0].unit.duty}",
            heal=partial(better, file, trouble, _nothing),
            hits=[member.unit.name for member in members],
        )

    return make


def lose(what: str, kept: str, chains: tuple[str, ...] = ()) -> Strike:
    """A daemon comes back with other wallets than it had: `kept` is their file. At the end it has its own again."""

    def make(scene: Scene) -> Struck:
        member = scene.member()
        chain = scene.chance.choice(chains) if chains else scene.chain()
        told = f"{what}: {chain}'s daemon of {where(member)}"
        _replace(member, chain, kept)
        return Struck(
            told=told,
            heal=partial(_replace, member, chain, layout.wallet(member.unit.duty)),
            takes=(member.unit.daemon(chain),),
            hits=(member.unit.name,),
        )

    return make


def signer(word: str, what: str) -> Strike:
    """A candidate's Iguana fails at what it is asked next (chaos/iguana.py). What it has begun before goes on."""

    def make(scene: Scene) -> Struck:
        member = scene.member(holders=0.4)
        file = member.folder / layout.SIGNER_FAULTS
        told = f"{what}: the signer of {where(member)}"
        file.write_text(word)
        return Struck(
            told=told,
            heal=partial(file.unlink, missing_ok=True),
            takes=(member.unit.unsure,),
            hits=(member.unit.name,),
        )

    return make


def behind(_: Scene) -> Mapping[str, object]:
    """Far behind its peers."""
    return {"behind": BLOCKS_BEHIND}


def busy(_: Scene) -> Mapping[str, object]:
    """No place in its work queue."""
    return {"busy": True}


def few_coins(scene: Scene) -> Mapping[str, object]:
    """Less notary UTXOs than anybody wants, or none."""
    return {"utxos": scene.chance.randrange(5)}


def full(_: Scene) -> Mapping[str, object]:
    """It ends, and ends again after each start."""
    return {"no_space": True}


def lonely(_: Scene) -> Mapping[str, object]:
    """Without a peer."""
    return {"peers": 0}


def scanning(_: Scene) -> Mapping[str, object]:
    """Its wallet looks through the chain."""
    return {"scanning": True}


def slow(scene: Scene) -> Mapping[str, object]:
    """Each answer takes its time."""
    return {"slow": round(scene.chance.uniform(*SLOW_SECONDS), 2)}


def still(_: Scene) -> Mapping[str, object]:
    """No block for longer than anybody allows."""
    now = time.time()
    return {"stalled": now - OLD_SECONDS, "top": int(now) // 60}


def warming(scene: Scene) -> Mapping[str, object]:
    """It reads its index after a start."""
    return {"warming": scene.chance.choice(("Loading block index...", "Verifying blocks...", "Rescanning..."))}


REFUSES, DIES, HANGS = signer(REFUSE, "refuses dpow"), signer(DIE, "dies at dpow"), signer(HANG, "hangs when asked")
LOSES_WALLET = lose("came back without a wallet", NO_WALLET, ("LTC",))
LOSES_KEY = lose("came back without the key", NO_KEY)


def put(file: Path, trouble: Mapping[str, object]) -> None:
    """Add to what is wrong; replaced as a whole, for it may be read at any moment."""
    found = json.loads(file.read_text()) if file.exists() else {}
    _write(file, {**found, **trouble})


def better(file: Path, trouble: Mapping[str, object], then: Callable[[], None]) -> None:
    """Take back what of it is still as it was put: another fault may have had the same."""
    found = json.loads(file.read_text())
    _write(file, {key: value for key, value in found.items() if trouble.get(key) != value})
    then()


def _write(file: Path, found: Mapping[str, object]) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps(found))
    new.replace(file)


def _own(member: Member, chain: str) -> Path:
    return layout.trouble_files(member.unit, member.folder, chain)[1]


def _replace(member: Member, chain: str, wallets: str) -> None:
    """SIGKILL first: a daemon that still runs would write what it knows."""
    _kill(member, chain)
    member.wallet_file(chain).write_text(wallets)


def _kill(member: Member, chain: str) -> None:
    member.daemons[chain].signal(signal.SIGKILL)


def _nothing() -> None:
    """Nothing: the fault ended by itself."""
