"""One candidate of another's recipe, in a process of its own: `python -m bench.failover.candidate FILE`.

FILE is a `Given` as JSON. Its signer is the double that the fleet's agents have too, started before it is needed and
told to sign once the recipe says so. Events go to standard output, a line of JSON each. SIGUSR1: hand over.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos import stamps
from sandbox.processes import die_with_parent

ANSWER_SECONDS = 5.0
START_PAUSE = 0.02


@dataclass(frozen=True, kw_only=True)
class Given:
    """`recipe` names a function of RECIPES; `settings` are its own; `servers`: `address:port` each, then the chroot."""

    recipe: str
    name: str
    path: str
    servers: str
    authority_file: str
    certificate_file: str
    key_file: str
    identity: str
    settings: dict[str, Any]
    signer: tuple[str, ...]
    api_port: int
    rpc: str
    login: str


class Signer:
    """The double's process. `told` gets a word when it ends."""

    def __init__(self, given: Given, told: Callable[[str], None]) -> None:
        """Started, and told of its coin: that does not make it sign."""
        self._port = given.api_port
        self._process = subprocess.Popen(
            given.signer, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_parent
        )
        threading.Thread(target=self._watch, args=(told,), daemon=True).start()
        coin = {"method": "addcoin", "newcoin": "KMD", "rpchost": given.rpc, "userpass": given.login}
        while self._process.poll() is None and not self._tell(coin):
            time.sleep(START_PAUSE)

    def activate(self) -> None:
        """Let it sign; only its end undoes that."""
        self._tell({"method": "dpow", "symbol": "KMD"})

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def kill(self) -> None:
        """Returns when it is dead."""
        self._process.kill()
        self._process.wait()

    def _watch(self, told: Callable[[str], None]) -> None:
        self._process.wait()
        told("signer")

    def _tell(self, call: dict[str, str]) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_SECONDS)
        try:
            connection.request("POST", "/", json.dumps(call))
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()


class Stage:
    """What a recipe works with: `inbox` gets "signer" when that died, "hand over", and the recipe's own words."""

    def __init__(self, given: Given) -> None:
        self.given = given
        self.inbox: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.woken: Callable[[], None] = lambda: None  # a person's order wakes some recipes
        self.signer = Signer(given, self.inbox.put)

    def hand_over(self) -> None:
        """A person's order."""
        self.inbox.put("hand over")
        self.woken()

    def sign(self) -> None:
        """The recipe says that it leads: sign, until a word comes; the signer is dead then."""
        say("acquired")
        self.signer.activate()
        self.inbox.get()
        self.end()

    def end(self) -> None:
        """The signer dies before anything is let go."""
        self.signer.kill()
        say("released")


def say(what: str) -> None:
    """One event."""
    sys.stdout.write(json.dumps({"event": what, "stamp": stamps.now()}) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Race for ever, with a new signer for each turn."""
    from bench.failover.recipes import RECIPES

    values = json.loads(Path(sys.argv[1]).read_text())
    given = Given(**{**values, "signer": tuple(values["signer"])})
    stage: list[Stage] = []
    signal.signal(signal.SIGUSR1, lambda *_: stage[-1].hand_over())
    stage.append(Stage(given))
    race = RECIPES[given.recipe](given, lambda: stage[-1])
    while True:
        say("waiting")
        race()
        stage.append(Stage(given))


def give_up() -> None:
    """The session is over: the signer dies with this process, and who tends it starts another one."""
    os._exit(1)


if __name__ == "__main__":
    main()
