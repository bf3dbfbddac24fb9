"""The one process behind a network: it holds the namespaces and delays packets. Started by Network, as a file.

Namespaces are nameless: open files of this process, /proc/PID/fd/N, gone with it however it ends. Requests come as
lines of JSON on standard input, each is answered by a line on standard output; the end of the input is the end of all.

    {"make": 3}                    a router for region 3, with a TUN device; answers {"fd": 7}
    {"make": 0}                    a host; answers {"fd": 8}
    {"drop": 8}                    let a namespace go
    {"delays": [[1, 3, 0.04]]}     seconds one way, from region to region; what isn't named isn't delayed

A packet that a router sends into its TUN device is written to that of the region it is for, after the delay, in order.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import heapq
import json
import os
import select
import struct
import time
from pathlib import Path
from typing import Any

_CLONE_NEWNET = 0x40000000
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_CONTROL, _ANSWERS = 0, 1
_REGION_BYTE = 18  # of an IPv4 packet: the third byte of the destination, 10.77.REGION.host
_LARGEST_PACKET = 2048  # bytes; the device's MTU is 1500
_BURST = 64  # packets taken from one region before the others, and what is due, get their turn
_NICENESS = -10  # busy JVMs would add milliseconds to every packet
_libc = ctypes.CDLL(None, use_errno=True)


class Keeper:
    """Holds namespaces by their descriptors, and packets until they are due."""

    def __init__(self) -> None:
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.namespaces: set[int] = set()
        self.tuns: dict[int, int] = {}  # descriptor by region
        self.regions: dict[int, int] = {}  # and the other way round
        self.delays: dict[tuple[int, int], float] = {}
        self.last_due: dict[tuple[int, int], float] = {}
        self.waiting: list[tuple[float, int, int, bytes]] = []  # due, order of arrival, descriptor to write to, packet
        self.arrived = 0
        self.unread = b""

    def run(self) -> None:
        """Until standard input ends. `select`, since poll and epoll round to whole milliseconds."""
        while True:
            pause = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            readable, _, _ = select.select([_CONTROL, *self.regions], [], [], pause)
            for fd in readable:
                if fd != _CONTROL:
                    self.take(fd)
                elif not self.listen():
                    return
            self.deliver()

    def take(self, fd: int) -> None:
        """Read what a router sent, and note when it is due."""
        source, now = self.regions[fd], time.monotonic()
        for _ in range(_BURST):
            try:
                packet = os.read(fd, _LARGEST_PACKET)
            except BlockingIOError:
                return
            target = self.tuns.get(packet[_REGION_BYTE])
            if packet[0] >> 4 != 4 or target is None:  # the kernel's own IPv6 chatter
                continue
            pair = (source, packet[_REGION_BYTE])
            # never before the one ahead of it, even where the delay has just become shorter
            due = max(now + self.delays.get(pair, 0.0), self.last_due.get(pair, 0.0))
            self.last_due[pair] = due
            self.arrived += 1
            heapq.heappush(self.waiting, (due, self.arrived, target, packet))

    def deliver(self) -> None:
        """Write all that is due. What a device refuses is lost, as on any network."""
        now = time.monotonic()
        while self.waiting and self.waiting[0][0] <= now:
            _, _, target, packet = heapq.heappop(self.waiting)
            with contextlib.suppress(OSError):
                os.write(target, packet)

    def listen(self) -> bool:
        """Answer all whole lines of what came; False at the end of the input."""
        more = os.read(_CONTROL, 65536)
        *lines, self.unread = (self.unread + more).split(b"\n")
        for line in lines:
            try:
                answer = self.obey(json.loads(line))
            except OSError as error:
                answer = {"error": str(error)}
            os.write(_ANSWERS, json.dumps(answer).encode() + b"\n")
        return bool(more)

    def obey(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what one line asks. Raises OSError with the kernel's reason."""
        if "make" in request:
            return {"fd": self.make(request["make"])}
        if "drop" in request:
            self.namespaces.remove(request["drop"])
            os.close(request["drop"])
        elif "delays" in request:
            self.delays = {(source, target): seconds for source, target, seconds in request["delays"]}
        return {}

    def make(self, region: int) -> int:
        """A new namespace: a router with its TUN device, or a host where the region is 0."""
        _check(_libc.unshare(_CLONE_NEWNET))
        try:
            for name in ("all", "default"):  # a packet may come back by the relay where it went by the link
                Path(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").write_text("0")
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1" if region else "0")
            if region:
                self.tuns[region] = _open_tun()
                self.regions = {fd: number for number, fd in self.tuns.items()}
            made = os.open("/proc/self/ns/net", os.O_RDONLY)
        finally:
            _check(_libc.setns(self.home, _CLONE_NEWNET))
        self.namespaces.add(made)
        return made


def _open_tun() -> int:
    """A TUN device of the current namespace, which lives as long as its descriptor."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", b"slow", _IFF_TUN | _IFF_NO_PI))
    return fd


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    Keeper().run()
