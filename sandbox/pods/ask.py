"""Asks a pod what a probe asks: `python ask.py tcp ADDRESS PORT`, or `http ADDRESS PORT PATH [HEADER …]`, or `https`.

It is a process so that it can run in the pod's network. Exit code 0 is yes; an HTTP status of 200 to 399 is.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence


def http(address: str, port: int, path: str, headers: Sequence[str], secure: bool) -> bool:
    """Whether a GET is answered with a status of 200 to 399. As the kubelet, it verifies no certificate."""
    connection = socket.create_connection((address, port))
    if secure:
        import ssl  # slow to load, and seldom wanted

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = context.wrap_socket(connection)
    named = {line.partition(":")[0].lower() for line in headers}
    host = [] if "host" in named else [f"Host: {address}:{port}"]
    lines = [f"GET {path} HTTP/1.1", *host, "User-Agent: kube-probe/sandbox", "Connection: close", *headers, "", ""]
    connection.sendall("\r\n".join(lines).encode())
    answer = b""
    while b"\r\n" not in answer and (more := connection.recv(1024)):
        answer += more
    status = answer.split(b"\r\n")[0].split(b" ")
    return len(status) > 1 and status[1].isdigit() and 200 <= int(status[1]) < 400


def main(words: Sequence[str]) -> bool:
    """What the command line asks for."""
    kind, address, port = words[0], words[1], int(words[2])
    try:
        if kind == "tcp":
            socket.create_connection((address, port)).close()
            return True
        return http(address, port, words[3], words[4:], kind == "https")
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
