"""What listens for a test gives its port back, whoever was forked meanwhile."""

from __future__ import annotations

import os
import signal
import socket
import time

import pytest

from tests.listening import listening


def test_a_port_is_free_though_a_forked_process_has_a_copy_of_what_listened() -> None:
    with listening() as listener:
        address = listener.getsockname()
        socket.create_connection(address).close()
        forked = os.fork()
        if not forked:
            time.sleep(60)
            os._exit(0)
    try:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        socket.create_server(address).close()
    finally:
        os.kill(forked, signal.SIGKILL)
        os.waitpid(forked, 0)
