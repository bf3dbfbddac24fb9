"""Lets signing calls of the current holder through, and of nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn

from multidict import CIMultiDictProxy

from failover.clock import Clock
from failover.gate.admission import Denial, admit
from failover.gate.answers import refused
from failover.gate.confirming import Confirming
from failover.gate.highwater import HighWater
from failover.model import Epoch
from failover.wire import DUTY_HEADER, EPOCH_HEADER

_EPOCH = re.compile(r"[0-9]{1,19}", re.ASCII)


class Fence:
    """One duty's signing calls, admitted twice: before anything is asked of the daemon, and when the bytes are due."""

    def __init__(
        self, duty: str, staleness: float, confirming: Confirming, high_water: HighWater, clock: Clock
    ) -> None:
        self._duty, self._staleness, self._clock = duty, staleness, clock
        self._confirming, self._high_water = confirming, high_water

    async def admit(self, headers: CIMultiDictProxy[str]) -> Callable[[], None]:
        """Returns the check to be made when the bytes are due. Both raise RefusedError."""
        epoch = self._claimed(headers)
        await self._confirming.refresh_for(epoch)

        def check() -> None:
            if denial := self._denial(epoch):
                self._refuse(denial)

        check()
        # Only after the check: an epoch that nobody confirmed must not shut out the true ones.
        try:
            await self._high_water.raise_to(epoch)
        except OSError as error:
            raise refused("disk", f"epoch {epoch} can't be stored: {error.strerror or type(error).__name__}") from None
        return check

    def name_duty(self, headers: CIMultiDictProxy[str]) -> None:
        """What needs no epoch must name this duty all the same. Raises RefusedError."""
        if headers.getall(DUTY_HEADER, []) != [self._duty]:
            raise refused("duty", f"a signing call must name the duty {self._duty} in {DUTY_HEADER}, once")

    def _denial(self, epoch: Epoch) -> Denial | None:
        return admit(
            epoch,
            confirmation=self._confirming.latest,
            now=self._clock(),
            staleness=self._staleness,
            highest=self._high_water.highest,
        )

    def _refuse(self, denial: Denial) -> NoReturn:
        why = f" ({self._confirming.failure})" if denial.kind in ("unconfirmed", "stale") else ""
        raise refused(denial.kind, denial.sentence + why)

    def _claimed(self, headers: CIMultiDictProxy[str]) -> Epoch:
        self.name_duty(headers)
        found = headers.getall(EPOCH_HEADER, [])
        if len(found) != 1 or not _EPOCH.fullmatch(found[0]):
            raise refused("no-epoch", f"a signing call must carry its epoch in {EPOCH_HEADER}, once")
        return int(found[0])
