"""A daemon's conf file with its RPC's login in it, written where the daemon alone reads it.

komodod started with `-conf` takes `rpcpassword` from that file, whatever its command line says, and without one there
it makes up a cookie (GLEECBTC/komodo-daemon 558a174, `komodo_configfile` in `src/komodo_utils.cpp`); and a command line
is in every list of processes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from failover.settings import RpcLogin, SettingsError

# komodod reads the file twice. Boost's reader, which is Bitcoin Core's too, ends a line at '#' wherever it stands and
# trims it; komodod's own looks for the name `rpcuser` anywhere in a line, and copies a user into 512 bytes.
MOST_CHARACTERS = 255
_PLAIN = re.compile(r"[!\"$-~]*")  # printable ASCII, but for the space and '#'
_LOGIN = re.compile(r"^\s*-*rpc(user|password)\b", re.MULTILINE)


def write(source: Path, target: Path, login: RpcLogin) -> None:
    """Write `source` to `target` with the login before it, for the owner's eyes alone.

    Raises SettingsError with a line for each mistake, which never tells a value; OSError.
    """
    if mistakes := [*_mistakes(source, login)]:
        raise SettingsError("\n".join(mistakes))
    text = f"rpcuser={login.user}\nrpcpassword={login.password}\n{source.read_text()}"
    beside = target.with_name(f".{target.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(text)
    beside.replace(target)  # a pod that starts again finds the file of the start before


def _mistakes(source: Path, login: RpcLogin) -> Iterator[str]:
    """What a conf file can't hold, or HTTP's Basic can't carry."""
    for name, value in (("RPC_USERNAME", login.user), ("RPC_PASSWORD", login.password)):
        if not value:
            yield f"{name}: found nothing, expected the login of the daemon's RPC in the environment"
        elif not _PLAIN.fullmatch(value):
            wanted = "printable ASCII without spaces, line breaks and '#', where a conf file's line would end"
            yield f"{name}: found a character that a conf file can't hold, expected {wanted}"
        elif len(value) > MOST_CHARACTERS:
            yield f"{name}: found {len(value)} characters, expected {MOST_CHARACTERS} at most: komodod copies no more"
    if ":" in login.user:
        yield "RPC_USERNAME: found a colon, expected none: HTTP ends the user there"
    if "rpcuser" in login.password:
        yield "RPC_PASSWORD: found rpcuser in it, expected another one: komodod would take what follows for the user"
    if _LOGIN.search(source.read_text()):
        yield f"{source}: found rpcuser or rpcpassword, expected neither: they come from the environment alone"
