"""An assetchain's ports and network magic, from its parameters alone.

The algorithm is komodod's (GLEECBTC/komodo-daemon 558a174, `src/komodo_utils.cpp`: `komodo_args` collects the extra
bytes, `komodo_port` hashes them; lists are `Split` of `src/util.cpp`). All integers are little-endian.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

# ASSETCHAINS_MAX_ERAS of `src/komodo_defs.h`, the same in Marmara's and Tokel's forks.
MAX_ERAS = 7
MAX_STAKED = 100
DEFAULT_SUPPLY = 10
DEFAULT_BLOCKTIME = 60
# What a chain with founders and no perc gives them: 35 % of each block (100 000 000 is the whole).
DEFAULT_FOUNDERS_PERC = 53_846_154
LINEAR_DECAY = 100_000_000


@dataclass(frozen=True, kw_only=True)
class Ports:
    """TCP ports, and the network's magic as an unsigned 32-bit number."""

    p2p: int
    rpc: int
    magic: int


@dataclass(frozen=True, kw_only=True)
class _Parameters:
    """A chain's `ac_*` parameters as komodod reads them: what is missing is 0."""

    values: Mapping[str, str]

    def number(self, key: str, default: int = 0) -> int:
        return int(self.values.get(f"ac_{key}") or default)

    def eras(self, key: str) -> list[int]:
        """A number per era. A list that is too short goes on with its last number; a missing one is all zeros."""
        listed = [int(item) for item in self.values.get(f"ac_{key}", "").split(",") if item] or [0]
        return [*listed, *[listed[-1]] * MAX_ERAS][:MAX_ERAS]

    @property
    def decay(self) -> list[int]:
        """komodod drops a decay above the linear one, and a linear one without an end."""
        pairs = zip(self.eras("decay"), self.eras("end"), strict=True)
        return [0 if decay > LINEAR_DECAY or (decay == LINEAR_DECAY and not end) else decay for decay, end in pairs]

    @property
    def era_count(self) -> int:
        count = self.number("eras", 1)
        return count if 1 <= count <= MAX_ERAS else 1

    @property
    def pubkey(self) -> bytes:
        text = self.values.get("ac_pubkey", "")
        return bytes.fromhex(text) if len(text) == 66 else b""

    @property
    def script(self) -> bytes:
        text = self.values.get("ac_script", "")
        return bytes.fromhex(text) if len(text) > 1 else b""

    @property
    def founders(self) -> int:
        return self.number("founders") if self.pubkey or self.script else 0

    @property
    def perc(self) -> int:
        if not (self.pubkey or self.script):
            return 0
        perc = self.number("perc")
        return DEFAULT_FOUNDERS_PERC if not perc and self.founders and not self.number("founders_reward") else perc

    @property
    def ccenable(self) -> list[int]:
        """The enabled contracts. komodod counts n changes to a code other than 0, then takes the first n items."""
        text = self.values.get("ac_ccenable", "") if self.number("cc") else ""
        listed = [int(code) for code in text.split(",") if code]
        counted, last = 0, 0
        for code in listed:
            if code not in (0, last):
                counted, last = counted + 1, code
        return listed[:counted]

    @property
    def cclib(self) -> bytes:
        return self.values.get("ac_cclib", "").encode() if self.number("cc") else b""


def derive_ports(name: str, values: Mapping[str, str]) -> Ports:
    """Ports and magic of the chain `name` with its `ac_*` parameters, all of them valid. Other keys don't count.

    p2p is 8000..15776 for a chain that has only a name and a supply, else 16000..65499. Not for VRSC, nor for the
    parameters of `config.registry_values.UNDERIVED`: the registry refuses them.
    """
    parameters = _Parameters(values=values)
    extra = _extra(parameters)
    seed = int.from_bytes(hashlib.sha256(extra).digest()[:4], "little") if extra else 0
    magic = zlib.crc32(_u64(parameters.number("supply", DEFAULT_SUPPLY)) + name.encode(), seed)
    p2p = 16_000 + magic % 49_500 if extra else 8_000 + magic % 7_777
    return Ports(p2p=p2p, rpc=p2p + 1, magic=magic)


def _extra(of: _Parameters) -> bytes:
    """The bytes that make a chain more than its name and supply; none for a plain chain."""
    if not _has_extra(of):
        return b""
    parts = [of.pubkey or bytes(33), _era_bytes(of), _flag_bytes(of), _founder_bytes(of), of.script]
    if of.number("marmara"):  # only in marmarachain/marmara 178b92d; MCL's magic on the wire, 4cc8719b, proves it
        parts.append(b"\x01")
    if of.ccenable:
        parts.append(_contract_bytes(of.ccenable))
    if len(of.cclib) > 1:
        parts.append(of.cclib)
    if of.number("blocktime", DEFAULT_BLOCKTIME) != DEFAULT_BLOCKTIME:
        parts.append(_u32(of.number("blocktime")))
    parts += [_u32(of.number(key)) for key in ("snapshot", "cbmaturity") if of.number(key)]
    if of.number("adaptivepow"):
        parts.append(bytes([of.number("adaptivepow") & 255]))
    return b"".join(parts)


def _has_extra(of: _Parameters) -> bool:
    first_eras = [of.eras(key)[0] for key in ("end", "reward", "halving", "notarypay")] + [of.decay[0]]
    plain = ("public", "private", "founders_reward", "snapshot", "cbmaturity", "adaptivepow", "marmara")
    numbers = [of.number(key) for key in plain] + [of.number("txpow") & 3, of.perc, of.founders]
    texts = [of.script, of.pubkey[:1].strip(b"\0"), of.ccenable, of.cclib]
    other = of.era_count > 1 or of.number("blocktime", DEFAULT_BLOCKTIME) != DEFAULT_BLOCKTIME
    return any(first_eras) or any(numbers) or any(texts) or other


def _era_bytes(of: _Parameters) -> bytes:
    listed = [of.eras("end"), of.eras("reward"), of.eras("halving"), of.decay]
    if of.eras("notarypay")[0]:
        listed.append(of.eras("notarypay"))
    eras = b"".join(_u64(values[era]) for era in range(of.era_count) for values in listed)
    return eras + (_u64(of.era_count - 1) if of.era_count > 1 else b"")


def _flag_bytes(of: _Parameters) -> bytes:
    staked, cc = min(of.number("staked"), MAX_STAKED), of.number("cc") & 65_535
    flags = bool(of.number("public")) << 7 | bool(of.number("private")) << 6 | of.number("txpow") & 3
    return _u64(of.perc | staked << 32 | cc << 40 | flags)


def _founder_bytes(of: _Parameters) -> bytes:
    if not of.founders:
        return b""
    reward = of.number("founders_reward")
    return b"\x01" + (_u32(of.founders) if of.founders > 1 else b"") + (_u64(reward) if reward else b"")


def _contract_bytes(enabled: list[int]) -> bytes:
    """256 bits, one per contract, all set but those of the enabled codes and of code 0."""
    bits = (1 << 256) - 1
    for code in {0, *enabled}:
        bits &= ~(1 << code)
    return bits.to_bytes(32, "little")


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _u64(value: int) -> bytes:
    return value.to_bytes(8, "little")
