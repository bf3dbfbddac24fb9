"""The table of faults. What each does is in `ends` (processes), `ills` (what is wrong inside one), `ways`, `orders`.

`ways` are network, disk, clocks and sessions.
"""

from __future__ import annotations

from collections.abc import Iterator

from chaos import ends, ills, orders, ways
from chaos.strikes import Kind

FOREVER = "it is started again"
GONE = "it is gone"
PARTS = (("agent", "an agent alone"), ("gate", "a gate"), ("watchdog", "a watchdog"))


def _of_daemons() -> Iterator[Kind]:
    yield Kind(
        name="kill-daemon",
        what="SIGKILL to a daemon",
        heal=FOREVER,
        seconds=(0.5, 6),
        make=ends.kill("daemon"),
        lasts=True,
    )
    for name, what, make in (
        ("slow-daemon", "a daemon's answers take up to a second", ills.ill("is slow", ills.slow)),
        ("warm-daemon", "a daemon starts, and reads its index", ills.ill("warms up", ills.warming, ends="begin")),
        ("scan-daemon", "a daemon's wallet looks through the chain", ills.ill("rescans", ills.scanning, ends="over")),
        ("late-daemon", "a daemon is behind its peers", ills.ill("is behind", ills.behind)),
        ("busy-daemon", "a daemon's work queue is full", ills.ill("is busy", ills.busy)),
        ("full-daemon", "a daemon's disk is full: it ends", ills.ill("has no space", ills.full)),
        ("lonely-daemon", "a daemon has no peer", ills.ill("has no peer", ills.lonely)),
        ("lose-wallet", "LTC's daemon comes back without a wallet", ills.LOSES_WALLET),
        ("lose-key", "a daemon comes back without the key", ills.LOSES_KEY),
    ):
        yield Kind(name=name, what=what, heal=GONE, seconds=(1, 6), make=make, lasts=True)
    for name, what, make in (
        ("few-coins", "few notary UTXOs or none, in all regions", ills.shared("few coins", ills.few_coins)),
        ("still-chain", "no new block, in all regions", ills.shared("no block", ills.still)),
    ):
        yield Kind(name=name, what=what, heal=GONE, seconds=(1, 6), make=make, lasts=True, shared=True)


def _of_signers() -> Iterator[Kind]:
    for name, what, make in (
        ("refuse-dpow", "a candidate's Iguana refuses dpow", ills.REFUSES),
        ("die-at-dpow", "a candidate's Iguana dies at dpow", ills.DIES),
        ("hang-signer", "a signer's API hangs with what it is asked next", ills.HANGS),
    ):
        yield Kind(name=name, what=what, heal=GONE, seconds=(1, 6), make=make, lasts=True)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *(
            Kind(
                name=f"kill-{part}",
                what=f"SIGKILL to {text}",
                heal=FOREVER,
                seconds=(0.5, 3),
                make=ends.kill(part),
                lasts=True,
            )
            for part, text in PARTS
        ),
        *(
            Kind(
                name=f"freeze-{part}",
                what=f"SIGSTOP to {text}",
                heal="SIGCONT",
                seconds=(0.5, 6),
                make=ends.freeze(part),
                lasts=True,
            )
            for part, text in PARTS
        ),
        Kind(
            name="freeze-daemon",
            what="SIGSTOP to a daemon",
            heal="SIGKILL, as by its probe; it is started again",
            seconds=(0.5, 6),
            make=ends.freeze("daemon"),
            lasts=True,
        ),
        *_of_daemons(),
        *_of_signers(),
        Kind(name="kill-signer", what="SIGKILL to a signer", heal=FOREVER, seconds=(0.5, 3), make=ends.kill_signer),
        Kind(
            name="freeze-signer",
            what="SIGSTOP to a signer",
            heal="SIGCONT",
            seconds=(0.5, 6),
            make=ends.freeze_signer,
            lasts=True,
        ),
        Kind(
            name="freeze-host",
            what="SIGSTOP to agent, watchdog and signer of a candidate",
            heal="SIGCONT to all",
            seconds=(1, 7),
            make=ends.freeze_host,
            lasts=True,
        ),
        Kind(
            name="kill-host",
            what="SIGKILL to agent, watchdog and signer of a candidate",
            heal=FOREVER,
            seconds=(0.5, 4),
            make=ends.kill_host,
            lasts=True,
        ),
        *(
            Kind(
                name=f"kill-{role}",
                what=f"SIGKILL to the {role}",
                heal=FOREVER,
                seconds=(1, 4),
                make=ends.server(role, "kill"),
            )
            for role in ("leader", "follower")
        ),
        *(
            Kind(
                name=f"freeze-{role}",
                what=f"SIGSTOP to the {role}",
                heal="SIGCONT",
                seconds=(1, 7),
                make=ends.server(role, "freeze"),
            )
            for role in ("leader", "follower")
        ),
        Kind(name="lose-quorum", what="two servers killed", heal=FOREVER, seconds=(1, 7), make=ends.lose_quorum),
        *(
            Kind(
                name=f"cut-{shape}",
                what=text,
                heal="the cut is taken back",
                seconds=(1, 7),
                make=ways.cut(shape),
                lasts=True,
            )
            for shape, text in ways.SHAPES.items()
        ),
        *(
            Kind(
                name=f"black-hole-{part}",
                what=f"no packet of {text} arrives",
                heal="the cut is taken back",
                seconds=(1, 7),
                make=ways.black_hole(part),
                lasts=True,
            )
            for part, text in (("agent", "an agent's host"), ("gate", "a gate's host"), ("server", "a server's host"))
        ),
        Kind(name="slow", what="round trips of up to 400 ms", heal="none again", seconds=(2, 7), make=ways.slow),
        Kind(
            name="jump-clock",
            what="one process's wall clock is set",
            heal="set back",
            seconds=(2, 7),
            make=ways.jump_clock,
        ),
        Kind(
            name="fill-disk",
            what="a gate's disk is full",
            heal="room again",
            seconds=(2, 7),
            make=ways.fill_disk,
            lasts=True,
        ),
        Kind(
            name="expire",
            what="an agent's session is ended from elsewhere",
            heal="nothing",
            seconds=(0.5, 3),
            make=ways.expire,
        ),
        Kind(name="handover", what="a duty is ordered elsewhere", heal="nothing", seconds=(1, 5), make=orders.handover),
        Kind(
            name="drain", what="a candidate is drained", heal="undrained", seconds=(2, 6), make=orders.drain, lasts=True
        ),
        Kind(name="all-stop", what="every signer is stopped", heal="resumed", seconds=(2, 5), make=orders.all_stop),
        Kind(
            name="roll-agents",
            what="SIGTERM to a duty's agents, one by one",
            heal="nothing",
            seconds=(4, 8),
            make=ends.roll("agent"),
        ),
        Kind(
            name="roll-gates",
            what="SIGTERM to a duty's gates, one by one",
            heal="nothing",
            seconds=(4, 8),
            make=ends.roll("gate"),
        ),
    )
}
