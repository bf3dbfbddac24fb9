"""The order of a pod's containers, from the first init container to the last sidecar's end. Driven by the pod."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.pods.container import Container
from sandbox.pods.errors import NotYetError

RETRY_SECONDS = 0.5


class Lifecycle:
    """`first` are the init containers, sidecars (restart Always) among them; `main` the others.

    `prepare` lays out what all of them need, and raises NotYetError or OSError while it can't. Times are those of
    time.monotonic(), in seconds.
    """

    def __init__(
        self,
        first: Sequence[Container],
        main: Sequence[Container],
        *,
        prepare: Callable[[], None],
        grace_seconds: float,
    ) -> None:
        self.first, self.main = first, main
        self.grace_seconds = grace_seconds
        self.phase = "Pending"
        self.initialized = self.prepared = self.stopping = False
        self.reason, self.message = "ContainerCreating", ""
        self._prepare = prepare
        self._retry_at = 0.0

    @property
    def all(self) -> list[Container]:
        """Every container, in the order in which they are started."""
        return [*self.first, *self.main]

    @property
    def sidecars(self) -> list[Container]:
        """The init containers that go on running."""
        return [item for item in self.first if item.restart == "Always"]

    @property
    def ready(self) -> bool:
        """Whether every container that goes on running is ready."""
        return self.initialized and all(item.ready for item in (*self.main, *self.sidecars))

    @property
    def over(self) -> bool:
        """Whether nothing runs, and nothing will."""
        return all(item.over for item in self.all)

    def tick(self, now: float) -> None:
        """Take the next step of each container whose turn it is."""
        if self.stopping:
            for item in self.all:
                item.tick(now)
        elif self.prepared or self._lay_out(now):
            self._advance(now)
        self._conclude(now)

    def stop(self, now: float, grace_seconds: float) -> None:
        """Begin to end everything: the sidecars last, in the reverse of their order."""
        self.stopping = True
        for item in self.main:
            item.stop(now, grace_seconds)
        for place, item in enumerate(self.first):
            later = [other for other in self.sidecars if other in self.first[place + 1 :]]
            item.stop(now, grace_seconds, _all_over([*self.main, *later]))

    def _advance(self, now: float) -> None:
        for item in self.first:
            item.tick(now)
            passed = item.started if item.restart == "Always" else item.succeeded
            if not (passed or self.initialized):
                return
        self.initialized = True
        for item in self.main:
            item.tick(now)
        if self.phase == "Pending" and any(item.process is not None for item in self.main):
            self.phase = "Running"

    def _conclude(self, now: float) -> None:
        """A pod whose containers have ended for good takes its last phase, and its sidecars end too."""
        if self.phase in ("Succeeded", "Failed"):
            return
        broken = any(item.over and not item.succeeded for item in self.first if item.restart != "Always")
        if broken or all(item.over for item in self.main):
            succeeded = not broken and all(item.succeeded for item in self.main)
            self.phase = "Succeeded" if succeeded else "Failed"
            if not self.stopping:
                self.stop(now, self.grace_seconds)

    def _lay_out(self, now: float) -> bool:
        if now < self._retry_at:
            return False
        try:
            self._prepare()
        except NotYetError as error:
            self.reason, self.message = error.reason, error.message
        except OSError as error:
            self.message = str(error)
        else:
            self.prepared, self.reason, self.message = True, "", ""
        self._retry_at = now + RETRY_SECONDS
        return self.prepared


def _all_over(containers: Sequence[Container]) -> Callable[[], bool]:
    return lambda: all(item.over for item in containers)
