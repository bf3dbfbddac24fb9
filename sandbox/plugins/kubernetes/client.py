"""One API server, spoken to over kept-alive connections; every failure names the cluster."""

from __future__ import annotations

import json
import os
import ssl
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from sandbox.plugins.kubernetes import kubeconfig
from sandbox.plugins.kubernetes.errors import ApiError, Unreachable
from sandbox.plugins.kubernetes.settings import CONNECT_SECONDS, Settings
from sandbox.plugins.kubernetes.values import Json

# After a cluster was found unreachable, that answer serves everyone for so long: a hundred objects fail together,
# not each after a connect timeout of its own.
_REMEMBER_SECONDS = 10.0
_BUSY = (429, 503)
_BUSY_TRIES = 5


class Client:
    """Requests to the cluster that the settings select; nothing is read or opened before the first one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._http: httpx.Client | None = None
        self._cluster: kubeconfig.Cluster | None = None
        self._reached = False
        self._refused: tuple[float, Unreachable] | None = None

    @property
    def label(self) -> str:
        """How messages name the cluster: its identifier, else the kubeconfig's word for it, and its address."""
        cluster = self._cluster
        name = self._settings.identifier or (cluster.name if cluster else "") or "of this provider"
        return f"cluster {name!r} at {cluster.server}" if cluster else f"cluster {name!r}"

    def default_namespace(self) -> str:
        """The namespace for objects that name none. Reads the kubeconfig, never the network."""
        if self._settings.namespace:
            return self._settings.namespace
        try:
            return self._load().namespace or "default"
        except Unreachable:
            return "default"

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> Json:
        """The answer's JSON object. Raises ApiError when the server says no, Unreachable when it says nothing."""
        http = self._reach()
        for attempt in range(_BUSY_TRIES):
            answer = self._send(http, method, path, params, body, content_type)
            if answer.status_code not in _BUSY or attempt == _BUSY_TRIES - 1:
                break
            # Overloaded or still starting: nothing was done, so that asking again is safe.
            time.sleep(min(float(answer.headers.get("Retry-After") or 0), 1.0) or 0.2 * 2**attempt)
        return self._content(answer)

    def _send(
        self, http: httpx.Client, method: str, path: str, params: Mapping[str, str] | None, body: Any, content_type: str
    ) -> httpx.Response:
        content = None if body is None else json.dumps(body).encode()
        headers = {} if content is None else {"Content-Type": content_type}
        try:
            return http.request(method, path, params=params, content=content, headers=headers)
        except httpx.RemoteProtocolError:
            # A kept-alive connection that the server had closed. What changes nothing is asked again, once.
            if method != "GET":
                raise self._lost("it closed the connection without an answer") from None
        except httpx.HTTPError as problem:
            raise self._lost(_why(problem)) from None
        try:
            return http.request(method, path, params=params)
        except httpx.HTTPError as problem:
            raise self._lost(_why(problem)) from None

    def _content(self, answer: httpx.Response) -> Json:
        try:
            content = answer.json()
        except ValueError:
            content = None
        if answer.status_code == 401:
            raise self._unusable("refuses the credentials of the kubeconfig (HTTP 401)")
        if answer.is_success and isinstance(content, dict):
            return content
        raise ApiError.of(answer.status_code, content, self.label)

    def _reach(self) -> httpx.Client:
        """The open client, once the server has answered at least once; one thread finds out for all."""
        if self._reached and self._http is not None:
            return self._http
        with self._lock:
            if self._reached and self._http is not None:
                return self._http
            if self._refused and time.monotonic() - self._refused[0] < _REMEMBER_SECONDS:
                raise self._refused[1]
            try:
                self._http = self._http or self._open()
                # A frozen server accepts connections and then says nothing: the handshake's timeout catches that.
                answer = self._http.get("/version", timeout=CONNECT_SECONDS)
            except (httpx.HTTPError, ssl.SSLError, ValueError) as problem:
                raise self._refuse(self._unusable(f"is unreachable: {_why(problem)}")) from None
            except Unreachable as problem:
                raise self._refuse(problem) from None
            if answer.status_code == 401:
                raise self._refuse(self._unusable("refuses the credentials of the kubeconfig (HTTP 401)"))
            self._reached, self._refused = True, None
            return self._http

    def _refuse(self, problem: Unreachable) -> Unreachable:
        self._refused = (time.monotonic(), problem)
        return problem

    def _lost(self, why: str) -> Unreachable:
        self._reached = False
        return self._unusable(f"is unreachable: {why}")

    def _unusable(self, what: str) -> Unreachable:
        return Unreachable(f"{self.label} {what}")

    def _load(self) -> kubeconfig.Cluster:
        if self._cluster is None:
            settings = self._settings
            try:
                self._cluster = kubeconfig.load(settings.kubeconfig, context=settings.context, cluster=settings.cluster)
            except Unreachable as problem:
                raise Unreachable(f"{self.label} can't be used: {problem}") from None
        return self._cluster

    def _open(self) -> httpx.Client:
        cluster = self._load()
        seconds = self._settings.request_seconds
        headers = {"Accept": "application/json", "User-Agent": "pulumi-kubernetes-sandbox"}
        if cluster.token:
            headers["Authorization"] = f"Bearer {cluster.token}"
        # Like client-go: the environment's proxy is for the outside, never for this machine.
        local = urlsplit(cluster.server).hostname in ("localhost", "127.0.0.1", "::1")
        return httpx.Client(
            base_url=cluster.server,
            headers=headers,
            auth=cluster.basic,
            verify=_tls(cluster),
            proxy=cluster.proxy or None,
            trust_env=not local,
            timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds), pool=60.0),
            limits=httpx.Limits(max_connections=24, max_keepalive_connections=24, keepalive_expiry=30.0),
            event_hooks={"request": [_named(cluster.server_name)]} if cluster.server_name else None,
        )


def _named(server_name: str) -> Any:
    def hook(request: httpx.Request) -> None:
        request.extensions["sni_hostname"] = server_name

    return hook


def _tls(cluster: kubeconfig.Cluster) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=cluster.ca or None)
    if cluster.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cluster.certificate:
        # OpenSSL reads key pairs from files only; this one lives for an instant and is ours alone (mode 0600).
        handle, name = tempfile.mkstemp()
        try:
            with os.fdopen(handle, "w") as file:
                file.write(f"{cluster.certificate}\n{cluster.key}\n")
            context.load_cert_chain(name)
        finally:
            Path(name).unlink()
    return context


def _why(problem: Exception) -> str:
    if isinstance(problem, httpx.ConnectTimeout):
        return f"no connection within {CONNECT_SECONDS:.0f} s"
    if isinstance(problem, httpx.TimeoutException):
        return "no answer in time"
    text = str(problem)
    return "connection refused" if "Connection refused" in text else text or type(problem).__name__
