"""Who holds a duty: one small protocol, three backends."""

from failover.selector.base import LostError, NoQuorumError, Selector, SelectorError, TakenError, Verifier

__all__ = ["LostError", "NoQuorumError", "Selector", "SelectorError", "TakenError", "Verifier"]
