"""Amounts as Kubernetes writes them: 500m of a core, 20Gi of memory."""

from __future__ import annotations

import re
from decimal import Decimal

GIB = 2**30
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": GIB, "Ti": 2**40, "Pi": 2**50}
_DECIMAL = {"m": Decimal("0.001"), "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
_UNITS = {**_BINARY, **_DECIMAL}


def amount(text: str) -> Decimal:
    """Cores, or bytes, of a quantity such as 500m, 2 or 20Gi. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([a-zA-Z]*)", text)
    if found is None or found[2] not in _UNITS:
        raise ValueError(f"{text}: expected an amount such as 500m, 2 or 20Gi")
    return Decimal(found[1]) * _UNITS[found[2]]


def cores(text: str) -> float:
    """Cores of a quantity such as 2 or 500m. Raises ValueError."""
    return float(amount(text))


def gibibytes(text: str) -> float:
    """GiB of a quantity such as 512Mi, 20Gi or 1Ti. Raises ValueError."""
    return float(amount(text) / GIB)
