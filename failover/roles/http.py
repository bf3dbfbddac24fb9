"""JSON by POST to a process on this pod's loopback."""

from __future__ import annotations

import json
from typing import Any, cast

import aiohttp

from failover import wire
from failover.roles.base import RoleError
from failover.settings import RpcLogin

SECONDS = 30.0


class DaemonError(RoleError):
    """An error that was answered, by the daemon or by who stands before it; `code` is None where it has none."""

    def __init__(self, text: str, code: int | None) -> None:
        super().__init__(text)
        self.code = code


class Loopback:
    """Calls to 127.0.0.1:`port`; the session is made at the first one, inside the loop that uses it."""

    def __init__(self, port: int, login: RpcLogin | None = None) -> None:
        self._url, self._login = f"http://127.0.0.1:{port}/", login
        self._session: aiohttp.ClientSession | None = None

    async def post(self, name: str, body: object, seconds: float = SECONDS) -> Any:
        """The answer, whatever its status. `name` is for the error. Raises RoleError."""
        if self._session is None:
            login = self._login
            headers = {"Authorization": aiohttp.encode_basic_auth(login.user, login.password)} if login else {}
            self._session = aiohttp.ClientSession(headers=headers)
        limit = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.post(self._url, data=json.dumps(body), timeout=limit) as answer:
                return json.loads(await answer.read())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise RoleError(f"{name}: {type(error).__name__} at {self._url}") from None

    async def rpc(self, method: str, *params: object, seconds: float = SECONDS) -> Any:
        """The result of a JSON-RPC call. Raises DaemonError, with the daemon's code and message but never a parameter;
        RoleError without an answer."""
        found = await self.post(method, wire.request(method, *params), seconds)
        if not isinstance(found, dict):
            raise RoleError(f"{method}: no JSON-RPC answer")
        answer = cast(dict[str, Any], found)
        if error := answer.get("error"):
            code: object = cast(dict[str, Any], error).get("code") if isinstance(error, dict) else None
            raise DaemonError(f"{method}: {str(cast(object, error))[:200]}", code if isinstance(code, int) else None)
        return answer.get("result")

    async def close(self) -> None:
        """Ends the connections."""
        if self._session:
            await self._session.close()
