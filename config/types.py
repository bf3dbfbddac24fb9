"""The domain's words as annotated types, each over a small pure check whose message ends in an example."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

# secp256k1: y^2 = x^3 + 7 over this field (SEC 2, section 2.4.1).
_FIELD_PRIME = 2**256 - 2**32 - 977

DNS_LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
SECRET_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_CHAIN_KEY = re.compile(r"[A-Z0-9][A-Z0-9_]{0,31}")
_QUANTITY = re.compile(r"[1-9][0-9]*(Mi|Gi|Ti)")
_CPU = re.compile(r"[1-9][0-9]*m?")
_IMAGE = re.compile(r"[a-z0-9.:-]+(/[a-z0-9._-]+)+(:[A-Za-z0-9._-]+)?@sha256:[0-9a-f]{64}")
_REGISTRY = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


class Model(BaseModel):
    """What every part of a stack's configuration is: frozen, in camelCase outside, without unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True, strict=True
    )


def expected(what: str) -> PydanticCustomError:
    """The error of a value that is not what it should be; the reader turns it into a Mistake."""
    return PydanticCustomError("expected", "{what}", {"what": what})


def matching(pattern: re.Pattern[str], what: str, longest: int = 253) -> Callable[[str], str]:
    """A check that the whole text matches `pattern` and has at most `longest` characters."""

    def check(value: str) -> str:
        if len(value) > longest or not pattern.fullmatch(value):
            raise expected(what)
        return value

    return check


def compressed_point(value: str) -> str:
    """A compressed secp256k1 public key: 33 bytes in hex, whose x lies on the curve."""
    what = "a compressed public key, 66 hex digits that begin with 02 or 03 and lie on secp256k1"
    if not re.fullmatch(r"0[23][0-9a-f]{64}", value):
        raise expected(what)
    x = int(value[2:], 16)
    y_squared = (pow(x, 3, _FIELD_PRIME) + 7) % _FIELD_PRIME
    if x >= _FIELD_PRIME or pow(y_squared, (_FIELD_PRIME - 1) // 2, _FIELD_PRIME) != 1:
        raise expected(what)
    return value


def network(value: str) -> str:
    """An IPv4 network in CIDR notation whose host bits are zero."""
    try:
        return str(ipaddress.IPv4Network(value))
    except ValueError:
        raise expected("an IPv4 network such as 10.10.0.0/16, host bits zero") from None


def host_address(value: str) -> str:
    """One host's IPv4 address, which others can call: Iguana takes neither names nor IPv6."""
    what = "an IPv4 address that others can call, such as 192.0.2.10"
    try:
        found = ipaddress.IPv4Address(value)
    except ValueError:
        raise expected(what) from None
    if found.is_loopback or found.is_unspecified or found.is_multicast or found.is_link_local:
        raise expected(what)
    return value


def relative_path(value: str) -> str:
    """A path of a file, relative to the project's folder."""
    if not value or value.startswith(("/", "~")) or "\x00" in value or len(value) > 1024:
        raise expected("a path relative to the project, such as registry/assetchains.json")
    return value


def name_of_number(value: object) -> object:
    """YAML reads an unquoted 3p as text but 3 as a number; a version such as 2026.06 arrives as a number too."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


RegionName = Annotated[str, AfterValidator(matching(DNS_LABEL, "a region's name such as eu-west, at most 20", 20))]
NotaryName = Annotated[str, AfterValidator(matching(DNS_LABEL, "a notary's name such as alice-eu, at most 30", 30))]
ShardName = Annotated[
    str,
    AfterValidator(matching(re.compile(r"[a-z0-9]+"), "a shard's name: main or 3p, at most 12", 12)),
]
ChainKey = Annotated[str, AfterValidator(matching(_CHAIN_KEY, "a chain's key such as KMD or GLEEC_OLD"))]
ContextName = Annotated[str, AfterValidator(matching(re.compile(r"[^\s]+"), "a kubeconfig context such as notary-eu"))]
SecretKey = Annotated[
    str, AfterValidator(matching(SECRET_KEY, "the name of a secret key of the stack, such as kubeconfigEu"))
]
ObjectName = Annotated[
    str, AfterValidator(matching(DNS_LABEL, "the name of a Kubernetes object, such as notary-rpc", 63))
]
HostAddress = Annotated[str, AfterValidator(host_address)]
HostName = Annotated[str, AfterValidator(matching(_HOST, "a host name such as zk-1.eu.example.net"))]
Pubkey = Annotated[str, AfterValidator(compressed_point)]
Network = Annotated[str, AfterValidator(network)]
Quantity = Annotated[str, AfterValidator(matching(_QUANTITY, "a size such as 20Gi"))]
Cpu = Annotated[str, BeforeValidator(name_of_number), AfterValidator(matching(_CPU, "cores such as 2 or 500m"))]
Image = Annotated[
    str,
    AfterValidator(
        matching(_IMAGE, "an image by digest, such as registry.example.net/notary/komodod@sha256:<64 hex>", 512)
    ),
]
Registry = Annotated[
    str,
    AfterValidator(matching(_REGISTRY, "a registry and a path without a tag, such as registry.example.net/notary")),
]
ProjectPath = Annotated[str, AfterValidator(relative_path)]
Version = Annotated[
    str,
    BeforeValidator(name_of_number),
    AfterValidator(matching(re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*"), "a version such as v0.9.2-2", 63)),
]
