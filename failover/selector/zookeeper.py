"""ZooKeeper as the backend: a candidate's side, a gate's and an operator's."""

from failover.selector.candidate import ZooKeeperSelector
from failover.selector.desk import ZooKeeperDesk
from failover.selector.verifier import ZooKeeperVerifier

__all__ = ["ZooKeeperDesk", "ZooKeeperSelector", "ZooKeeperVerifier"]
