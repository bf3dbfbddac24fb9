"""The sandbox's kubelet: `python -m sandbox.pods.kubelet FOLDER`. Runs the ZooKeeper servers' pods of all its regions.

One process and one network for the whole sandbox. It is started by the supervisor, with whom it and all pods die.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from sandbox.network import Network
from sandbox.pods import zookeeper_image
from sandbox.pods.addresses import Addresses
from sandbox.pods.logs import serve_logs
from sandbox.pods.python_image import python_image
from sandbox.pods.region import RegionPods


def main() -> None:
    """Run until asked to stop. The network dies with the thread that makes it: this one."""
    folder = Path(sys.argv[1])
    request = json.loads((folder / "request.json").read_text())
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    images = {"zookeeper": zookeeper_image.image(Path(request["jars"])), "failover": python_image()}
    with Network(request["regions"]) as network:
        addresses = Addresses(network)
        regions = [RegionPods(folder / name, addresses, images) for name in request["regions"]]
        running = [threading.Thread(target=region.run, args=[stopped], daemon=True) for region in regions]
        watching = [threading.Thread(target=region.watch, args=[stopped], daemon=True) for region in regions]
        with serve_logs([region.log for region in regions], folder / request["regions"][0] / "pki") as port:
            for region in regions:
                region.logs_at = port
            for thread in (*running, *watching):
                thread.start()
            while not stopped.wait(0.2):
                pass
        for thread in running:
            thread.join()


if __name__ == "__main__":
    main()
