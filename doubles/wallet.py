"""A daemon's wallets: keys, the outputs that they have seen, and outputs that are locked while it runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from doubles.chain import OUTPUTS, Outpoint

NOTARY_UTXO = Decimal("0.00010000")
FUNDS = Decimal("10.00000000")
FUNDING = "31ff3a1507b55b4d3841769a46bf1a8521a59fa85ea7a28621fa896b9ddf3f27"  # whose outputs are the notary's


@dataclass(kw_only=True)
class Wallets:
    """What is on disk, by a wallet's name: each public key, and whether its outputs were looked for.

    Those of a key that was imported without a rescan are never seen, for a second import does nothing. After a restart
    the wallet named "" alone is loaded. `file` None: nothing is kept.
    """

    file: Path | None = None
    keys: dict[str, dict[str, bool]] = field(default_factory=dict[str, dict[str, bool]])
    loaded: list[str] = field(default_factory=list[str])
    locked: set[Outpoint] = field(default_factory=set[Outpoint])

    @classmethod
    def read(cls, file: Path, own: Sequence[str] = ()) -> Wallets:
        """As the last start left it; `own`: the wallets that are there from the beginning."""
        try:
            keys: dict[str, dict[str, bool]] = json.loads(file.read_text())
        except FileNotFoundError:
            keys = {name: {} for name in own}
        return cls(file=file, keys=keys, loaded=[name for name in keys if name == ""])

    def create(self, name: str) -> None:
        """Make and load one."""
        self.keys[name] = {}
        self.loaded.append(name)
        self._keep()

    def imported(self, name: str, pubkey: str, *, scanned: bool) -> bool:
        """Whether the key is new."""
        if pubkey in self.keys[name]:
            return False
        self.keys[name][pubkey] = scanned
        self._keep()
        return True

    def has(self, name: str, pubkey: str) -> bool:
        """Whether a wallet can sign with a key."""
        return pubkey in self.keys.get(name, {})

    def outputs(self, name: str, pubkey: str, count: int | None) -> int:
        """How many outputs of a key a wallet knows."""
        return (OUTPUTS if count is None else count) if self.keys.get(name, {}).get(pubkey) else 0

    def _keep(self) -> None:
        if self.file:
            new = self.file.with_suffix(".new")
            new.write_text(json.dumps(self.keys))
            new.replace(self.file)
