"""What a container's environment, command and arguments come to, by Kubernetes's rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.pods.errors import NotYetError

Manifest = dict[str, Any]
Configs = Callable[[str, str], Mapping[str, str | bytes] | None]  # by kind, ConfigMap or Secret, and name

_REFERENCE = re.compile(r"\$\$|\$\(([^()]*)\)")
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """$(NAME) becomes its value; one that isn't known stays as it is, and $$ is a dollar."""

    def value(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else variables.get(found[1], found[0])

    return _REFERENCE.sub(value, text)


def environment(spec: Manifest, pod: Manifest, address: str, configs: Configs) -> dict[str, str]:
    """The variables of `env` and `envFrom`. Raises NotYetError where a source is missing."""
    found: dict[str, str] = {}
    for source in spec.get("envFrom", []):
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if key in source:
                data = _data(kind, source[key], configs)
                found |= {f"{source.get('prefix', '')}{name}": _text(value) for name, value in data.items()}
    for item in spec.get("env", []):
        value = _value_from(item["valueFrom"], pod, address, configs) if "valueFrom" in item else item.get("value", "")
        if value is not None:
            found[item["name"]] = value if "valueFrom" in item else expand(value, found)
    return found


def command(spec: Manifest, variables: Mapping[str, str]) -> list[str]:
    """`command` and `args`. Raises NotYetError where there is none: images here have no entry point."""
    words: Sequence[str] = [*spec.get("command", []), *spec.get("args", [])]
    if not words:
        raise NotYetError("CreateContainerError", "no command specified")
    return [expand(word, variables) for word in words]


def _value_from(source: Manifest, pod: Manifest, address: str, configs: Configs) -> str | None:
    for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if key in source:
            data = _data(kind, source[key], configs)
            if source[key]["key"] in data:
                return _text(data[source[key]["key"]])
            if source[key].get("optional"):
                return None
            message = f"couldn't find key {source[key]['key']} in {kind} {source[key]['name']}"
            raise NotYetError("CreateContainerConfigError", message)
    return _field(source.get("fieldRef", {}).get("fieldPath", ""), pod, address)


def _field(path: str, pod: Manifest, address: str) -> str:
    described, spec = pod["metadata"], pod["spec"]
    if found := _SUBSCRIPT.fullmatch(path):
        return described.get(found[1], {}).get(found[2], "")
    known = {
        "metadata.name": described["name"],
        "metadata.namespace": described.get("namespace", "default"),
        "metadata.uid": described.get("uid", ""),
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.podIP": address,
        "status.podIPs": address,
        "status.hostIP": address,
    }
    if path not in known:
        raise NotYetError("CreateContainerConfigError", f"the sandbox gives no variable from {path or 'that source'}")
    return known[path]


def _data(kind: str, reference: Manifest, configs: Configs) -> Mapping[str, str | bytes]:
    data = configs(kind, reference["name"])
    if data is None and not reference.get("optional"):
        raise NotYetError("CreateContainerConfigError", f"{kind} {reference['name']} not found")
    return data or {}


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
