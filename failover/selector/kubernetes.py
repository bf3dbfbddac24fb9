"""The same protocol over one coordination.k8s.io/v1 Lease: for a fleet of a single region, without an ensemble.

A write of the Lease is a quorum's (etcd's), and holds only on the resourceVersion that its writer knows. The epoch is
`leaseTransitions`, which grows at every acquisition; the word is an annotation. There are no sessions: whoever waits
takes a holder for gone after having seen one `renewTime` unchanged for the whole duration, and a hundredth more for
clocks that drift, on its own clock; what the fields say of time is not compared with any clock. Deleting a duty's Lease
starts its epochs anew: the gates, which keep the highest on disk, then refuse until it is passed.

Orders are the annotation `notary-fleet/orders` of the duty's Lease, and the all-stop a Lease of that name:
kubectl is the desk.
"""

# pyright: basic
# kubernetes comes without types.
from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import urllib3
from kubernetes import client as kube
from kubernetes.client.exceptions import ApiException

from config.names import object_name
from failover.clock import Clock, boottime
from failover.model import Candidacy, Claim, Holder, Orders, View
from failover.selector import znodes
from failover.selector.base import LostError, NoQuorumError, SelectorError, TakenError

T = TypeVar("T")
DRIFT = 1.01
CLEAN, ORDERS, CANDIDACY = "notary-fleet/clean", "notary-fleet/orders", "notary-fleet/candidacy"
DUTY = "notary-fleet/duty"
ALL_STOP = "all-stop"
_CONFLICT, _NOT_FOUND = 409, 404


class KubernetesSelector:
    """`Selector` of one duty for one candidate. Make it in its loop.

    `api` is to try nothing again by itself (`Configuration.retries = 0`); `seconds` is a lease's duration.
    """

    def __init__(
        self, api: kube.ApiClient, namespace: str, duty: str, candidate: str, seconds: float, clock: Clock = boottime
    ) -> None:
        self.changed = asyncio.Event()
        self.freed = False  # never told: a Lease that ends says nothing
        self._api, self._namespace = kube.CoordinationV1Api(api), namespace
        self._duty, self._me, self._seconds, self._clock = duty, candidate, seconds, clock
        self._identity = f"{candidate}/{uuid.uuid4().hex}"  # this process's: what an older one holds is another's
        self._name = object_name(*duty.split("."))
        self._own_name = object_name(*duty.split("."), candidate)
        self._held: Claim | None = None
        self._candidacy: Candidacy | None = None
        self._seen: dict[str, tuple[object, float]] = {}  # by Lease: its last sign of life, and when it was first seen
        self._beating = asyncio.get_running_loop().create_task(self._beat())

    async def view(self) -> View:
        """As the API server has it. A candidate that is dead is seen for one duration by whoever has just come."""
        lease, stop = await asyncio.gather(self._read(self._name), self._read(ALL_STOP))
        chosen = f"{DUTY}={self._name}"
        listed = await self._call(
            lambda: self._api.list_namespaced_lease(
                self._namespace, label_selector=chosen, _request_timeout=self._deadline
            )
        )
        alive = [item for item in (listed.items if listed else []) if not self._outlived(item)]
        candidates = [znodes.read_candidacy(_annotation(item, CANDIDACY, "").encode()) for item in alive]
        orders = _annotation(lease, ORDERS, "") if lease else ""
        return View(
            holder=_holder(lease) if lease and not self._outlived(lease) else None,
            candidates=tuple(item for item in candidates if item),
            orders=znodes.read_orders(orders.encode()) if orders else Orders(),
            all_stop=stop is not None,
        )

    async def publish(self, candidacy: Candidacy) -> None:
        """Said again, until `close`, often enough to be believed."""
        changed, self._candidacy = self._candidacy != candidacy, candidacy
        if changed:
            await self._say()

    async def doubt(self) -> None:
        """Nothing: a view has no beat to miss. The grace is waited for after the Lease's end."""

    async def fulfil(self) -> None:
        """In one write on the version that was read: an order that is given meanwhile stands. NoQuorumError."""
        lease = await self._read(self._name)
        text = _annotation(lease, ORDERS, "") if lease else ""
        orders = znodes.read_orders(text.encode()) if text else Orders()
        if orders.handover_to == self._me:
            lease.metadata.annotations[ORDERS] = znodes.to_bytes(replace(orders, handover_to=None)).decode()
            await self._write(lease)

    async def acquire(self) -> Claim:
        """In one write on the version that was read. TakenError, NoQuorumError."""
        lease = await self._read(self._name) or await self._create(_lease(self._name, {CLEAN: "true"}))
        holder = lease.spec.holder_identity
        if holder and holder != self._identity and not self._outlived(lease):
            raise TakenError(f"{self._duty} is held under epoch {lease.spec.lease_transitions}.")
        clean = not holder and _annotation(lease, CLEAN, "") == "true"
        epoch = (lease.spec.lease_transitions or 0) + 1
        self._held = None  # one that stands from an acquisition without an answer is given up by a new epoch
        self._sign(lease, self._identity, epoch, clean=False)
        if await self._write(lease) is None:
            raise TakenError(f"{self._duty} was taken by another candidate just now.")
        self._held = Claim(duty=self._duty, candidate=self._me, epoch=epoch, term=epoch, clean=clean)
        return self._held

    async def confirm(self, claim: Claim) -> float:
        """By a renewal. LostError, NoQuorumError."""
        while True:
            lease = await self._current(claim)
            if lease is None:
                raise LostError(f"Epoch {claim.epoch} of {self._duty} is over.")
            self._sign(lease, self._identity, claim.epoch, clean=False)
            sent_at = self._clock()
            if await self._write(lease) is not None:
                return sent_at

    async def release(self, claim: Claim, *, clean: bool) -> None:
        """The holder's name taken out, on the version that was read, in one write with the word."""
        while (lease := await self._current(claim)) is not None:
            self._sign(lease, "", claim.epoch, clean=clean)
            if await self._write(lease) is not None:
                break
        if self._held == claim:
            self._held = None

    async def close(self) -> None:
        """Say goodbye: the duty is released uncleanly, the candidacy taken away. What can't be said now times out."""
        self._beating.cancel()
        with suppress(SelectorError):
            if self._held:
                await self.release(self._held, clean=False)
            if self._candidacy:
                self._candidacy = None
                await self._call(lambda: self._api.delete_namespaced_lease(self._own_name, self._namespace))

    # Steps

    async def _current(self, claim: Claim) -> Any:
        """The Lease while it is this claim's; None after that."""
        lease = await self._read(self._name)
        mine = lease and lease.spec.holder_identity == self._identity
        return lease if mine and lease.spec.lease_transitions == claim.epoch else None

    def _sign(self, lease: Any, holder: str, epoch: int, *, clean: bool) -> None:
        lease.spec.holder_identity, lease.spec.lease_transitions = holder, epoch
        lease.spec.lease_duration_seconds = math.ceil(self._seconds)
        lease.spec.renew_time = datetime.now(UTC)  # a mark that changes; nobody compares it with a clock
        lease.metadata.annotations = {**(lease.metadata.annotations or {}), CLEAN: str(clean).lower()}

    def _outlived(self, lease: Any) -> bool:
        """Whether its last sign of life was seen, here, longer ago than it counts."""
        mark = (lease.metadata.uid, lease.spec.holder_identity, lease.spec.lease_transitions, lease.spec.renew_time)
        now = self._clock()
        before, since = self._seen.get(lease.metadata.name, (None, now))
        if before != mark:
            self._seen[lease.metadata.name], since = (mark, now), now
        return now - since > (lease.spec.lease_duration_seconds or 0) * DRIFT

    async def _beat(self) -> None:
        """Keep the candidacy alive, and let the view be looked at: a Lease ends without any news."""
        while True:
            await asyncio.sleep(self._seconds / 4)
            self.changed.set()
            if self._candidacy:
                with suppress(SelectorError):
                    await self._say()

    async def _say(self) -> None:
        assert self._candidacy
        word = {CANDIDACY: znodes.to_bytes(self._candidacy).decode()}
        lease = await self._read(self._own_name)
        if lease is None:
            lease = await self._create(_lease(self._own_name, word, {DUTY: self._name}))
        self._sign(lease, self._identity, 0, clean=False)
        lease.metadata.annotations |= word
        await self._write(lease)

    # Requests

    @property
    def _deadline(self) -> float:
        return min(1.0, self._seconds / 4)

    async def _read(self, name: str) -> Any:
        """None where there is no such Lease."""
        return await self._call(
            lambda: self._api.read_namespaced_lease(name, self._namespace, _request_timeout=self._deadline)
        )

    async def _create(self, lease: Any) -> Any:
        made = await self._call(
            lambda: self._api.create_namespaced_lease(self._namespace, lease, _request_timeout=self._deadline)
        )
        if made is None and (made := await self._read(lease.metadata.name)) is None:
            raise NoQuorumError(f"The Lease {lease.metadata.name} comes and goes.")
        return made

    async def _write(self, lease: Any) -> Any:
        """None where it has another version by now."""
        name = lease.metadata.name
        return await self._call(
            lambda: self._api.replace_namespaced_lease(name, self._namespace, lease, _request_timeout=self._deadline)
        )

    async def _call(self, send: Callable[[], T]) -> T | None:
        """None for a conflict and for what is not there; the thread ends by the request's own deadline."""
        try:
            async with asyncio.timeout(2 * self._deadline):
                return await asyncio.to_thread(send)
        except ApiException as error:
            if error.status in (_CONFLICT, _NOT_FOUND):
                return None
            kind = NoQuorumError if (error.status or 500) >= 500 else SelectorError
            raise kind(f"The API server answers {error.status} {error.reason}.") from None
        except (TimeoutError, urllib3.exceptions.HTTPError) as error:
            raise NoQuorumError(f"The API server gives no answer: {type(error).__name__}.") from None


def _lease(name: str, annotations: dict[str, str], labels: dict[str, str] | None = None) -> kube.V1Lease:
    meta = kube.V1ObjectMeta(name=name, annotations=annotations, labels=labels)
    return kube.V1Lease(metadata=meta, spec=kube.V1LeaseSpec(lease_transitions=0))


def _annotation(lease: Any, key: str, otherwise: str) -> str:
    return (lease.metadata.annotations or {}).get(key, otherwise)


def _holder(lease: Any) -> Holder | None:
    name = lease.spec.holder_identity
    return Holder(candidate=name.rpartition("/")[0], epoch=lease.spec.lease_transitions or 0) if name else None
