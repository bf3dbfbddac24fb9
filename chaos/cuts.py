"""Cuts of the network that overlap: each is taken back alone, though the network heals only all at once."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.network import Network

Cut = Callable[[Network], None]


class Cuts:
    """The cuts that are in force."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._made: list[Cut] = []

    def make(self, cut: Cut) -> Callable[[], None]:
        """Make one; returns what takes it back."""
        cut(self._network)
        self._made.append(cut)

        def heal() -> None:
            self._made.remove(cut)
            self._network.heal()
            for other in self._made:
                other(self._network)

        return heal
