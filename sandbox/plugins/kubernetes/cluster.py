"""One cluster's API: any kind of object, found by discovery."""

from __future__ import annotations

import base64
import os
import re
import ssl
import tempfile
from pathlib import Path
from typing import Any

import httpx
import yaml

CONNECT_SECONDS = 3.0
REQUEST_SECONDS = 10.0
PATH_LENGTH = 400


class ClusterError(Exception):
    """What the cluster answered, or that it did not answer: one sentence that names the cluster."""


class UnreachableError(ClusterError):
    """The cluster gives no answer, or nobody can say where it is."""


class Cluster:
    """A cluster by its kubeconfig. `identifier` is its name in messages; `force` takes over what others own."""

    def __init__(self, identifier: str, kubeconfig: str | None, context: str | None, *, force: bool = False) -> None:
        self.identifier, self.force = identifier, force
        self._kinds: dict[str, dict[str, tuple[str, bool]]] = {}
        self._http: httpx.Client | None = None
        self.server = "?"
        try:
            self._http = self._client(_document(kubeconfig), context)
            self.problem = ""
        except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError, httpx.InvalidURL) as error:
            self.problem = f"its kubeconfig can't be used: {error}"

    def path(self, manifest: dict[str, Any]) -> str:
        """The REST path of an object."""
        version, kind = str(manifest["apiVersion"]), str(manifest["kind"])
        root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        if version not in self._kinds:
            listed = self.request("GET", root).get("resources") or []
            self._kinds[version] = {
                item["kind"]: (item["name"], item["namespaced"]) for item in listed if "/" not in item["name"]
            }
        if kind not in self._kinds[version]:
            raise ClusterError(f"cluster {self.identifier}: no kind {kind} in {version}")
        plural, namespaced = self._kinds[version][kind]
        metadata = manifest["metadata"]
        place = f"/namespaces/{metadata.get('namespace') or 'default'}" if namespaced else ""
        return f"{root}{place}/{plural}/{metadata['name']}"

    def get(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        """The live object, or None."""
        return self.request("GET", self.path(manifest), absent_ok=True) or None

    def apply(self, manifest: dict[str, Any], manager: str, dry: bool) -> dict[str, Any]:
        """Server-side apply with strict validation; what others own is a conflict, but for `force`."""
        query = {"fieldManager": manager, "fieldValidation": "Strict", "force": str(self.force).lower()}
        headers = {"Content-Type": "application/apply-patch+yaml"}
        path = self.path(manifest)
        return self.request(
            "PATCH", path, json=manifest, params={**query, **({"dryRun": "All"} if dry else {})}, headers=headers
        )

    def delete(self, manifest: dict[str, Any]) -> None:
        """Ask for the object's deletion, its dependents first."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground"}
        self.request("DELETE", self.path(manifest), json=options, absent_ok=True)

    def endpoints(self, manifest: dict[str, Any]) -> list[dict[str, Any]]:
        """The EndpointSlices of a Service."""
        metadata = manifest["metadata"]
        path = f"/apis/discovery.k8s.io/v1/namespaces/{metadata['namespace']}/endpointslices"
        query = {"labelSelector": f"kubernetes.io/service-name={metadata['name']}"}
        return self.request("GET", path, params=query).get("items") or []

    def request(self, method: str, path: str, absent_ok: bool = False, **options: Any) -> dict[str, Any]:
        """One request; raises ClusterError with the server's own message."""
        if self._http is None:
            raise UnreachableError(f"cluster {self.identifier}: {self.problem}")
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            reason = "it gave no answer in time" if isinstance(error, httpx.TimeoutException) else str(error)
            raise UnreachableError(f"cluster {self.identifier} ({self.server}) can't be reached: {reason}") from None
        if answer.status_code == httpx.codes.NOT_FOUND and absent_ok:
            return {}
        if answer.is_error:
            raise ClusterError(f"cluster {self.identifier}: {_message(answer)}")
        return answer.json()

    def _client(self, document: dict[str, Any], context: str | None) -> httpx.Client:
        chosen = _named(document, "context", context or document.get("current-context"))
        cluster, user = _named(document, "cluster", chosen["cluster"]), _named(document, "user", chosen["user"])
        if "exec" in user:
            raise ValueError("a login by another program is the official plugin's alone")
        self.server = cluster["server"]
        headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        timeout = httpx.Timeout(REQUEST_SECONDS, connect=CONNECT_SECONDS)
        return httpx.Client(
            base_url=self.server, verify=_tls(cluster, user), headers=headers, timeout=timeout, trust_env=False
        )


def _document(kubeconfig: str | None) -> dict[str, Any]:
    """The kubeconfig given as text or as a path; without one, the user's own. No error quotes the text."""
    text = kubeconfig
    if not kubeconfig or ("\n" not in kubeconfig and "{" not in kubeconfig):
        default = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or str(Path.home() / ".kube" / "config")
        path = kubeconfig or default
        if ": " in path or len(path) > PATH_LENGTH:
            raise ValueError("it is neither a document nor a path")
        text = Path(path).read_text()
    try:
        return yaml.safe_load(text or "")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ValueError(f"it is no YAML, see its line {line}") from None


def _named(document: dict[str, Any], what: str, name: str | None) -> dict[str, Any]:
    """A kubeconfig's context, cluster or user."""
    for item in document[f"{what}s"]:
        if item["name"] == name:
            return item[what]
    raise ValueError(f"it has no {what} {name}")


def _tls(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    authority = _material(cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    certificate, key = _material(user, "client-certificate"), _material(user, "client-key")
    if certificate and key:
        with tempfile.NamedTemporaryFile() as pem:  # the ssl module takes a client's certificate from a file alone
            pem.write(certificate + b"\n" + key)
            pem.flush()
            context.load_cert_chain(pem.name)
    return context


def _material(source: dict[str, Any], key: str) -> bytes | None:
    if data := source.get(f"{key}-data"):
        return base64.b64decode(data)
    return Path(source[key]).read_bytes() if key in source else None


def _message(answer: httpx.Response) -> str:
    """The server's message without the value that it complains of: a wrong type's is dumped, a Secret's too."""
    try:
        message = str(answer.json().get("message"))
    except ValueError:
        message = answer.text[:200]
    return f"{answer.status_code} {re.sub(r', got &.*', '', message, flags=re.DOTALL)}"
