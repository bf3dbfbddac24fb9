"""Regions as Linux network namespaces on one machine, which can be cut from one another and slowed."""

from sandbox.network.layout import Host
from sandbox.network.namespaces import unavailable
from sandbox.network.network import Network

__all__ = ["Host", "Network", "unavailable"]
