"""The table of faults. What each does is in `ends` (processes), `ways` (network, disk, clocks, sessions), `orders`."""

from __future__ import annotations

from chaos import ends, orders, ways
from chaos.strikes import Kind

FOREVER = "it is started again"
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *(
            Kind(name=f"kill-{part}", what=f"SIGKILL to {text}", heal=FOREVER, seconds=(0.5, 3), make=ends.kill(part))
            for part, text in (("agent", "an agent alone"), ("gate", "a gate"), ("watchdog", "a watchdog"))
        ),
        *(
            Kind(
                name=f"freeze-{part}",
                what=f"SIGSTOP to {text}",
                heal="SIGCONT",
                seconds=(0.5, 9),
                make=ends.freeze(part),
            )
            for part, text in (("agent", "an agent alone"), ("gate", "a gate"), ("watchdog", "a watchdog"))
        ),
        Kind(name="kill-signer", what="SIGKILL to a signer", heal=FOREVER, seconds=(0.5, 3), make=ends.kill_signer),
        Kind(
            name="freeze-signer", what="SIGSTOP to a signer", heal="SIGCONT", seconds=(0.5, 9), make=ends.freeze_signer
        ),
        Kind(
            name="freeze-host",
            what="SIGSTOP to agent, watchdog and signer of a candidate",
            heal="SIGCONT to all",
            seconds=(1, 9),
            make=ends.freeze_host,
        ),
        Kind(
            name="kill-host",
            what="SIGKILL to agent, watchdog and signer of a candidate",
            heal=FOREVER,
            seconds=(0.5, 4),
            make=ends.kill_host,
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
            Kind(name=f"cut-{shape}", what=text, heal="the cut is taken back", seconds=(1, 9), make=ways.cut(shape))
            for shape, text in ways.SHAPES.items()
        ),
        *(
            Kind(
                name=f"black-hole-{part}",
                what=f"no packet of {text} arrives",
                heal="the cut is taken back",
                seconds=(1, 9),
                make=ways.black_hole(part),
            )
            for part, text in (("agent", "an agent's host"), ("gate", "a gate's host"), ("server", "a server's host"))
        ),
        Kind(name="slow", what="round trips of up to 400 ms", heal="none again", seconds=(2, 9), make=ways.slow),
        Kind(
            name="jump-clock",
            what="one process's wall clock is set",
            heal="set back",
            seconds=(2, 9),
            make=ways.jump_clock,
        ),
        Kind(name="fill-disk", what="a gate's disk is full", heal="room again", seconds=(2, 9), make=ways.fill_disk),
        Kind(
            name="expire",
            what="an agent's session is ended from elsewhere",
            heal="nothing",
            seconds=(0.5, 3),
            make=ways.expire,
        ),
        Kind(name="handover", what="a duty is ordered elsewhere", heal="nothing", seconds=(1, 5), make=orders.handover),
        Kind(name="drain", what="a candidate is drained", heal="undrained", seconds=(2, 6), make=orders.drain),
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
