"""What an agent does: one act at a time, in a task, so that the loop goes on looking meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine

from failover.agent.keeper import SignerKeeper
from failover.agent.tenure import Hand, Tenure
from failover.agent.viewing import Viewing
from failover.clock import Clock
from failover.lease import Beat, Timing, may_activate_at
from failover.log import Log
from failover.observation import Act, Signer
from failover.selector.base import Selector, SelectorError

# Who has just let go stands aside: whoever takes the duty has the ensemble to itself, and on one machine the processor.
ASIDE_SECONDS = 0.05
# What must not be left half done: whether it had an effect would be unknown.
WHOLE = (Act.ACQUIRE, Act.RELEASE_CLEAN, Act.RELEASE_UNCLEAN)


class Acting:
    """Does what was decided.

    `ready`: the chains to sign for; `tell` writes the watchdog's deadline; `wake` is called when an act is through.
    """

    def __init__(
        self,
        hand: Hand,
        viewing: Viewing,
        selector: Selector,
        signer: SignerKeeper,
        timing: Timing,
        *,
        ready: Callable[[], frozenset[str]],
        tell: Callable[[], None],
        wake: Callable[[], None],
        log: Log,
        clock: Clock,
    ) -> None:
        self._hand, self._viewing, self._selector, self._signer, self._timing = hand, viewing, selector, signer, timing
        self._ready, self._tell, self._wake, self._log, self._clock = ready, tell, wake, log, clock
        self._doing: tuple[Act, asyncio.Task[None]] | None = None
        self.counted: Counter[Act] = Counter()

    @property
    def busy(self) -> bool:
        """Whether an act is under way."""
        return self._doing is not None and not self._doing[1].done()

    async def over(self) -> None:
        """Returns when nothing is half done: what such an act changes is not worth a look before its own answer."""
        if self._doing and self._doing[0] in WHOLE:
            await asyncio.wait({self._doing[1]})

    def begin(self, act: Act) -> None:
        """Start the act, unless it is under way; what is begun is given up for another, but never halfway."""
        if act is Act.WAIT:
            return
        if self._doing and not self._doing[1].done():
            doing, task = self._doing
            # An order that is done has time: an activation that is given up halfway signs for some chains, for ever.
            if doing is act or doing in WHOLE or (doing is Act.ACTIVATE and act is Act.FULFIL):
                return
            task.cancel()
        self.counted[act] += 1
        task = asyncio.create_task(self._do(act))
        task.add_done_callback(lambda _: self._wake())
        self._doing = (act, task)

    async def _do(self, act: Act) -> None:
        steps: dict[Act, Callable[[], Coroutine[None, None, None]]] = {
            Act.ACQUIRE: self._acquire,
            Act.DOUBT: self._selector.doubt,
            Act.ACTIVATE: self._activate,
            Act.FULFIL: self._fulfil,
            Act.STOP: self._signer.stop,
            Act.KILL: self._signer.kill,
            Act.RELEASE_CLEAN: lambda: self._release(clean=True),
            Act.RELEASE_UNCLEAN: lambda: self._release(clean=False),
        }
        try:
            if act is Act.PREPARE:
                self._signer.prepare()
            elif act is Act.DRAIN:
                self._drain()
            else:
                await steps[act]()
        except SelectorError as error:
            self._log.say("not done", act=act.value, reason=str(error))
            await asyncio.sleep(self._timing.heartbeat)  # not again at once: it would only fail again
        finally:
            if act in WHOLE:
                self._viewing.forget()

    async def _acquire(self) -> None:
        sent_at = self._clock()  # before anything is sent: earlier than whatever the ensemble counts from
        claim = await self._selector.acquire()
        acquired_at = self._clock()
        lease = self._viewing.looks.begun(Beat(sent_at=sent_at, answered_at=acquired_at))
        self._hand.tenure = Tenure(claim=claim, acquired_at=acquired_at, lease=lease)
        waits = round(may_activate_at(self._timing, acquired_at, claim) - acquired_at, 3)
        self._log.say("acquired", epoch=claim.epoch, term=claim.term, clean=claim.clean, waits=waits)

    async def _activate(self) -> None:
        if self._hand.tenure:
            await self._signer.activate(self._hand.tenure, self._ready())

    async def _fulfil(self) -> None:
        if self._hand.tenure:
            self._hand.tenure.by_order = True  # first: without the order a better priority would take the duty back
        await self._selector.fulfil()
        self._viewing.forget()

    def _drain(self) -> None:
        tenure = self._hand.tenure
        if tenure and tenure.draining_since is None:
            tenure.draining_since, tenure.calls.idle = self._clock(), self._wake

    async def _release(self, *, clean: bool) -> None:
        tenure = self._hand.tenure
        if tenure is None or self._signer.state is not Signer.DOWN:
            return
        # The word may be out even where no answer comes: this claim is only let go from here on, never used again.
        tenure.lost = True
        try:
            await self._selector.release(tenure.claim, clean=clean)
        except SelectorError:
            if not self._hand.stopping or tenure.lease.held(self._clock()):
                raise
            # The session's end, at the latest by its timeout, releases it too.
        self._hand.tenure = None
        self._tell()
        self._log.say("released", epoch=tenure.claim.epoch, clean=clean)
        if not self._hand.stopping:
            await asyncio.sleep(ASIDE_SECONDS)
